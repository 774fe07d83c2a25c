/* SPDX-License-Identifier: Apache-2.0 */
/* inspector.h - inspects a live process on behalf of a process without ptrace rights: threads, their
 * registers and stacks, memory.
 *
 * Between inspector_start() and inspector_end(), a helper does this, for one process only. Otherwise it is
 * done here.
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

/* Bytes of a stack that are copied; a deeper one may lose the frames that tell its role. */
#define STACK_MAX (512u << 10)
#define COMM_SIZE 64 /* the kernel's 16, and longer names of its own threads */

/* The state of a stopped thread. */
struct snapshot {
	struct user_regs_struct registers;
	uint64_t thread_pointer; /* 0: not known */
	struct raw_stack stack;	 /* its words are those below */
	uint64_t words[STACK_MAX / 8];
};

struct inspector_thread {
	pid_t tid;
	char comm[COMM_SIZE]; /* raw bytes: hostile */
};

/* Starts a helper that inspects process `pid`. Returns 0, or -1 after a message. */
int inspector_start(long pid);
void inspector_end(void);

/* The descriptor to ask through, which a forked process must keep open; -1 if the helper does not run. */
int inspector_descriptor(void);

/* Returns NULL, or, if some answer since inspector_start() came too late and is missing, a text for the user
 * (static). */
const char *inspector_late(void);

/* Opens /proc/PID/NAME: maps, cmdline (only its beginning), or net/ and tcp, tcp6, udp, udp6 or unix. Returns NULL with
 * errno set if that fails. The caller closes it. */
FILE *inspector_open(pid_t pid, const char *name);

/* The target of /proc/PID/exe, passed through inspector_below(); the caller frees it. NULL with errno set. */
char *inspector_exe(pid_t pid);

/* The process's root directory, if paths of its files begin with it but cannot be found by that name;
 * otherwise "". The caller frees it. This happens if the process and this program have the same root
 * directory, but not the same mount: both are in a chroot, and the process has other mounts. Then the kernel
 * puts the directory before all its paths (prepend_path of fs/d_path.c). */
char *inspector_root(pid_t pid);

/* The name that the process itself has for the file `path`, if `root` is its inspector_root(): the end of
 * `path`, or all of it. */
const char *inspector_below(const char *root, const char *path);

/* The threads of `pid`, in no order; the caller frees *threads. Returns how many; 0 with errno set. */
size_t inspector_threads(pid_t pid, struct inspector_thread **threads);

/* Copies up to `size` bytes of the process's memory at `addr`, as far as they are readable. Returns how
 * many. */
size_t inspector_memory(pid_t pid, uint64_t addr, void *to, size_t size);

/* Stops a thread while its registers and stack are copied to *s, for at most 100 ms. Returns false if it did
 * not stop in time, copying took too long, or it has ended. */
bool inspector_thread(pid_t tid, struct snapshot *s);

/* As stopped_rseq(). */
bool inspector_rseq(pid_t tid);

#endif
