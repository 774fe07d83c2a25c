/* SPDX-License-Identifier: Apache-2.0 */
/* calls.c - makes a given number of system calls per second, each of which a probe can turn into an event.
 *
 *     calls RATE SECONDS
 *
 * They are evenly spaced, as far as the clock allows: a few at a time. Prints how many there were in all.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fputs("usage: calls RATE SECONDS\n", stderr);
		return 2;
	}
	double rate = atof(argv[1]), seconds = atof(argv[2]), start = now(), since;
	long calls = 0;

	while ((since = now() - start) < seconds) {
		while ((double)calls < since * rate) {
			syscall(SYS_getppid);
			calls++;
		}
		nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
	}
	printf("%ld\n", calls);
	return 0;
}
