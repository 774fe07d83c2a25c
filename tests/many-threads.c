/* SPDX-License-Identifier: Apache-2.0 */
/* many-threads.c - a program for tests to trace: threads that sleep in turns, and threads that begin and end.
 *
 *     many-threads COUNT SLEEP_US RATE
 *
 * COUNT threads sleep for SLEEP_US again and again; RATE threads per second begin and soon end. It prints
 * "ready" when all run.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define STACK 65536

static void nap(uint64_t us)
{
	nanosleep(
		&(struct timespec){.tv_sec = (time_t)(us / 1000000), .tv_nsec = (long)(us % 1000000) * 1000},
		NULL);
}

static void *stay(void *us)
{
	for (;;)
		nap((uintptr_t)us);
	return NULL;
}

static void *pass(void *unused)
{
	nap(500);
	return unused;
}

int main(int argc, char **argv)
{
	pthread_attr_t attributes;
	pthread_t thread;

	if (argc != 4)
		return 2;
	unsigned long count = strtoul(argv[1], NULL, 10), us = strtoul(argv[2], NULL, 10),
		      rate = strtoul(argv[3], NULL, 10);

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	for (unsigned long i = 0; i < count; i++)
		if (pthread_create(&thread, &attributes, stay, (void *)(uintptr_t)us))
			return 1;
	puts("ready");
	fflush(stdout);
	for (;;) {
		nap(rate ? 1000000 / rate : 1000000);
		if (rate)
			pthread_create(&thread, &attributes, pass, NULL);
	}
}
