/* SPDX-License-Identifier: Apache-2.0 */
/* thread-pointers.h - finds the thread pointers of a live process in its memory, without stopping a thread. */
#ifndef HUD_HEAD_THREAD_POINTERS_H
#define HUD_HEAD_THREAD_POINTERS_H

#include <stddef.h>
#include <sys/types.h>

#include "tokio/thread.h"

/* Sets the thread pointers of these threads of process `pid`, as far as they are found: those of threads that the C
 * library made (glibc, musl). Returns how many. */
size_t thread_pointers_find(pid_t pid, struct thread *threads, size_t count);

#endif
