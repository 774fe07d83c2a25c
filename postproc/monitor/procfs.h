/* SPDX-License-Identifier: Apache-2.0 */
/* procfs.h - watches a process in /proc, and its control groups, where probes see nothing. */
#ifndef HUD_MONITOR_PROCFS_H
#define HUD_MONITOR_PROCFS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PROCFS_REPLACED 3 /* the exit status: the process runs another program */

/* A program that runs in a process: fields 1, 22 and 28 of /proc/PID/stat. */
struct procfs_program {
	pid_t pid;
	uint64_t start; /* of the process */
	uint64_t stack; /* where the program's stack begins */
};

/* Gives up all rights except to read /proc. Then, until the process of `pidfd` ends, writes lines to standard
 * output: about its control groups, and about sleeping threads among `tids` (`count` ids, with a + before
 * workers of a multi-thread runtime). Returns an exit status. */
int procfs_run(int pidfd, const struct procfs_program *program, char *const *tids, size_t count);

#endif
