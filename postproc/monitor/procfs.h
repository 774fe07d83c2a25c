/* procfs.h - what /proc and the control groups of a process tell while its probes do not. */
#ifndef HUD_MONITOR_PROCFS_H
#define HUD_MONITOR_PROCFS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PROCFS_REPLACED 3 /* the exit status: the process runs another program */

/* A program that a process runs: fields 1, 22 and 28 of /proc/PID/stat. */
struct procfs_program {
	pid_t pid;
	uint64_t start; /* of the process */
	uint64_t stack; /* where the program's stack begins */
};

/* Gives up all rights but to read /proc. Then, until the process ends, to which `pidfd` refers: writes lines about its control groups to
 * standard output, and about those of its threads whose `count` ids are `tids` while they sleep. Those with a + before them are workers of a
 * multi-thread runtime. Returns an exit status. */
int procfs_run(int pidfd, const struct procfs_program *program, char *const *tids, size_t count);

#endif
