/* SPDX-License-Identifier: Apache-2.0 */
/* musl-waits.c - three threads that wait in known ways, built for a C library without unwind tables. */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;

/* Its frame is found through the frame pointer, which the C library's functions save. */
__attribute__((noinline)) static void wait_for_lock(int size)
{
	char room[size];

	pthread_mutex_lock(&mutex);
	pthread_cond_wait(&never, &mutex);
	pthread_mutex_unlock(&mutex);
	__asm__ volatile("" ::"r"(room));
}

__attribute__((noinline)) static void wait_asleep(void)
{
	volatile char room[200];

	room[1] = 1;
	sleep(600);
	room[2] = 2;
}

__attribute__((noinline)) static void wait_in_poll(void)
{
	volatile char room[200];

	room[1] = 1;
	poll(NULL, 0, 600000);
	room[2] = 2;
}

/* Deeper than a short copy of the stack. */
__attribute__((noinline)) static void descend(int levels)
{
	volatile char room[200];

	room[1] = 1;
	if (levels)
		descend(levels - 1);
	else
		wait_in_poll();
	room[2] = 2;
}

static void *lock(void *argument)
{
	wait_for_lock(10);
	return argument;
}

static void *nap(void *argument)
{
	wait_asleep();
	return argument;
}

int main(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, lock, NULL);
	pthread_create(&thread, NULL, nap, NULL);
	puts("ready");
	fflush(stdout);
	descend(6);
	return 0;
}
