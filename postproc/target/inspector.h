/* inspector.h - what is looked at in a live process, for who may not do so: its threads, their registers and stacks, its memory.
 *
 * Between inspector_start() and inspector_end() a helper does, at one process and nothing else in it; else it is done here.
 */
#ifndef HUD_TARGET_INSPECTOR_H
#define HUD_TARGET_INSPECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include <sys/user.h>

#include "resolve/unwind/unwind.h"

#define STACK_MAX                                                                                            \
	(512u << 10) /* bytes copied of a stack; frames that tell the role of a deeper one are lost */
#define COMM_SIZE 64 /* the kernel's 16, and longer names of its own threads */

/* A thread, while it was stopped. */
struct snapshot {
	struct user_regs_struct registers;
	struct raw_stack stack; /* its words are the ones below */
	uint64_t words[STACK_MAX / 8];
};

struct inspector_thread {
	pid_t tid;
	char comm[COMM_SIZE]; /* raw bytes: hostile */
};

/* From now on a process of its own looks at process `pid`. Returns 0, or -1 after a message. */
int inspector_start(long pid);
void inspector_end(void);

/* The descriptor that a process forked from this one must keep to ask; -1 if there is no such process. */
int inspector_descriptor(void);

/* Whether the process did not let itself be looked at in time, since inspector_start(): what it was asked for was then not to be had. In words for
 * the user, static; NULL: it always did. */
const char *inspector_late(void);

/* What /proc/PID/NAME holds, "maps" or "cmdline", of the latter the beginning. Returns NULL with errno set if that is impossible. The caller
 * closes it. */
FILE *inspector_open(pid_t pid, const char *name);

/* Where /proc/PID/exe leads, as inspector_below() has it, for the caller to free; NULL with errno set. */
char *inspector_exe(pid_t pid);

/* The folder that is the process's root, for the caller to free, if that is in a mount namespace of its own and has this name only there:
 * then the kernel names all its files with this folder before them (prepend_path of fs/d_path.c), and nothing is found by such a name.
 * Else "". So it is where the process and who looks at it have the same folder for a root, but not its mount: both are in a chroot, and
 * the process has other mounts. */
char *inspector_root(pid_t pid);

/* The name of file `path` as the process knows it whose inspector_root() is `root`: the end of `path`, or all. */
const char *inspector_below(const char *root, const char *path);

/* The threads of `pid`, in no order: *threads is the caller's to free. Returns how many; 0 with errno set. */
size_t inspector_threads(pid_t pid, struct inspector_thread **threads);

/* Copies `size` bytes at `addr` of the process's memory, as far as they can be read. Returns how many. */
size_t inspector_memory(pid_t pid, uint64_t addr, void *to, size_t size);

/* Stops the thread for as long as copying its registers and its stack takes, which can be seen in *s then, but for 100 ms at most. Returns
 * false if it did not stop in time, its stack could not be copied in time, or it has ended. */
bool inspector_thread(pid_t tid, struct snapshot *s);

/* As stopped_rseq(). */
bool inspector_rseq(pid_t tid);

#endif
