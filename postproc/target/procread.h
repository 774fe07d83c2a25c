/* SPDX-License-Identifier: Apache-2.0 */
/* procread.h - reads a live process, with this process's own rights.
 *
 * Except for stopping a thread, everything may block as long as the process likes: its memory and files may
 * be on userfaultfd(2) or FUSE.
 */
#ifndef HUD_TARGET_PROCREAD_H
#define HUD_TARGET_PROCREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "target/inspector.h"

/* As inspector_threads(), inspector_memory(), inspector_thread() and inspector_exe(). */
size_t procread_threads(pid_t pid, struct inspector_thread **threads);
size_t procread_memory(pid_t pid, uint64_t addr, void *to, size_t size);
bool procread_thread(pid_t tid, struct snapshot *s);
char *procread_exe(pid_t pid);

/* As inspector_root(), but NULL if it is not known. */
char *procread_root(pid_t pid);

/* /proc/PID/NAME, of "cmdline" the beginning; the caller frees it. NULL with errno set. */
char *procread_file(pid_t pid, const char *name, size_t *size);

#endif
