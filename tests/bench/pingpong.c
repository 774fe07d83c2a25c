/* SPDX-License-Identifier: Apache-2.0 */
/* pingpong.c - measures how often two processes can pass a byte back and forth.
 *
 *     pingpong SECONDS [CPU]
 *
 * Both run on one CPU (0) and do nothing else, so each byte is a wake-up, a sleep and a switch. Prints the
 * switches per second of their CPU time, so that other programs on that CPU do not count; it is that of the
 * fastest tenth of slices of 20 ms.
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SLICE 0.02 /* seconds */
#define SLICES 4096

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The CPU time of a process, in seconds; 0 is this one. */
static double cpu_seconds(pid_t pid)
{
	struct timespec t = {0};
	clockid_t clock = CLOCK_PROCESS_CPUTIME_ID;

	if (pid == 0 || clock_getcpuclockid(pid, &clock) == 0)
		clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int main(int argc, char **argv)
{
	static double rates[SLICES];
	int ping[2], pong[2];
	char byte = 0;
	cpu_set_t one;

	if (argc < 2) {
		fputs("usage: pingpong SECONDS [CPU]\n", stderr);
		return 2;
	}
	CPU_ZERO(&one);
	CPU_SET(argc > 2 ? atoi(argv[2]) : 0, &one);
	/* Without the permission, other programs interrupt it. */
	sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){.sched_priority = 1});
	if (sched_setaffinity(0, sizeof one, &one) || pipe(ping) || pipe(pong)) {
		perror("pingpong");
		return 1;
	}
	pid_t child = fork();

	if (child < 0) {
		perror("pingpong");
		return 1;
	}
	if (child == 0) {
		close(ping[1]);
		while (read(ping[0], &byte, 1) == 1 && write(pong[1], &byte, 1) == 1)
			;
		_exit(0);
	}
	double end = now() + atof(argv[1]);
	int slices = 0;

	while (slices < SLICES && now() < end) {
		double until = now() + SLICE, spent = cpu_seconds(0) + cpu_seconds(child);
		long switches = 0;

		do {
			for (int i = 0; i < 50; i++) {
				if (write(ping[1], &byte, 1) != 1 || read(pong[0], &byte, 1) != 1) {
					perror("pingpong");
					return 1;
				}
			}
			switches += 100;
		} while (now() < until);
		rates[slices++] = (double)switches / (cpu_seconds(0) + cpu_seconds(child) - spent);
	}
	close(ping[1]);
	waitpid(child, NULL, 0);
	qsort(rates, (size_t)slices, sizeof *rates, by_size);
	printf("%.0f\n", rates[slices * 9 / 10]);
	return 0;
}
