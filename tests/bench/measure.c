/* SPDX-License-Identifier: Apache-2.0 */
/* measure.c - measures the time and memory of a command.
 *
 *     measure FILE COMMAND [ARGUMENT ...]
 *
 * Runs the command with its own standard input, output and error, and writes to FILE: the seconds that
 * passed, its CPU seconds, and its peak memory (KiB). The exit status is the command's.
 */
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds(const struct timeval *t)
{
	return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

int main(int argc, char **argv)
{
	struct rusage usage;
	int status, error;
	pid_t pid;

	if (argc < 3) {
		fputs("usage: measure FILE COMMAND [ARGUMENT ...]\n", stderr);
		return 2;
	}
	double start = now();

	if ((error = posix_spawnp(&pid, argv[2], NULL, NULL, argv + 2, environ))) {
		fprintf(stderr, "measure: %s: %s\n", argv[2], strerror(error));
		return 127;
	}
	if (wait4(pid, &status, 0, &usage) != pid) {
		perror("measure");
		return 1;
	}
	double wall = now() - start;
	FILE *out = fopen(argv[1], "we");

	if (!out ||
	    fprintf(out, "%.6f %.6f %ld\n", wall, seconds(&usage.ru_utime) + seconds(&usage.ru_stime),
		    usage.ru_maxrss) < 0 ||
	    fclose(out)) {
		perror(argv[1]);
		return 1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
