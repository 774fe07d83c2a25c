/* process.h - what Linux tells of another process: a descriptor for it, and its files in /proc. */
#ifndef HUD_BASE_PROCESS_H
#define HUD_BASE_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PROCESS_MAX 4194304 /* no id is larger: PID_MAX_LIMIT in linux/threads.h */

/* A descriptor that stands for process `pid`, whoever gets its id later. -1 with errno set if there is none. */
int process_open(pid_t pid);

/* Waits for `ms`, or for less if the process of `pidfd` ends. Returns whether it has. */
bool process_ends(int pidfd, int ms);

/* Reads the beginning of /proc/PID/`name` into `text`, at most `size` - 1 bytes, and ends it with a NUL. Returns how many
 * there were; 0 and "" if there is nothing to read. */
size_t process_read(pid_t pid, const char *name, char *text, size_t size);

/* Of /proc/PID/stat (proc(5)); of a thread's, if `tid` is not 0. */
struct process_stat {
	char state;
	uint64_t cpu;	/* ns, in user mode and in the kernel */
	uint64_t start; /* clock ticks since boot: it tells processes apart that have had the same id */
	uint64_t
		stack; /* where the stack begins: it tells programs apart that the process has run; 0: not for us to see */
};

/* Returns false if it cannot be read. */
bool process_stat(pid_t pid, pid_t tid, struct process_stat *stat);

#endif
