/* SPDX-License-Identifier: Apache-2.0 */
/* deep-stack.c - a program for tests to trace: a thread that sleeps, and computes, below many stack frames.
 *
 *     deep-stack KIB SLEEP_US
 *
 * The thread has about KIB live frames of 1 KiB each. It sleeps for SLEEP_US again and again, and computes
 * just as long in between. It prints "ready" when it has begun.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static unsigned long kib, us;

static long long now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static void __attribute__((noinline)) work(void)
{
	puts("ready");
	fflush(stdout);
	for (;;) {
		nanosleep(&(struct timespec){.tv_sec = (time_t)(us / 1000000),
					     .tv_nsec = (long)(us % 1000000) * 1000},
			  NULL);
		for (long long end = now_us() + (long long)us; now_us() < end;)
			;
	}
}

static int __attribute__((noinline)) deep(unsigned long left)
{
	volatile char frame[960];

	frame[left % sizeof(frame)] = (char)left;
	if (left)
		deep(left - 1);
	else
		work();
	return frame[left % sizeof(frame)];
}

static void *begin(void *unused)
{
	deep(kib);
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	if (argc != 3)
		return 2;
	kib = strtoul(argv[1], NULL, 10);
	us = strtoul(argv[2], NULL, 10);
	if (pthread_create(&thread, NULL, begin, NULL))
		return 1;
	pthread_join(thread, NULL);
	return 0;
}
