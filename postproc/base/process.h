/* SPDX-License-Identifier: Apache-2.0 */
/* process.h - what Linux tells about another process: a pidfd, and its files in /proc. */
#ifndef HUD_BASE_PROCESS_H
#define HUD_BASE_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PROCESS_MAX 4194304 /* the largest id: PID_MAX_LIMIT in linux/threads.h */

/* Opens a pidfd for `pid`: it stays this process's, even when the id is reused. Returns -1 with errno set if
 * there is none. */
int process_open(pid_t pid);

/* Waits up to `ms` for the process of `pidfd` to end. Returns whether it has. */
bool process_ends(int pidfd, int ms);

/* Reads the beginning of /proc/PID/`name` into `text`: at most `size` - 1 bytes and a NUL. Returns how many
 * bytes it read; 0, and "", if it cannot. */
size_t process_read(pid_t pid, const char *name, char *text, size_t size);

/* From /proc/PID/stat (proc(5)), or a thread's if `tid` is not 0. */
struct process_stat {
	char state;
	uint64_t cpu;	/* ns in user mode and in the kernel */
	uint64_t start; /* clock ticks since boot: differs between processes that had the same id */
	uint64_t stack; /* where the stack begins: differs between the programs it ran; 0: hidden from us */
};

/* Returns false if the file cannot be read. */
bool process_stat(pid_t pid, pid_t tid, struct process_stat *stat);

#endif
