/* SPDX-License-Identifier: Apache-2.0 */
/* roles.h - the threads of a process, and which of them run a Tokio scheduler.
 *
 * Tokio gives workers and spawn_blocking threads the same name, programs choose others, and a current-thread
 * runtime runs on a thread with any name. So stacks decide if names do not.
 */
#ifndef HUD_HEAD_ROLES_H
#define HUD_HEAD_ROLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "tokio/thread.h"

struct space;
struct symbolizer;

/* The threads of process `pid` in order of tid, with unknown roles, none watched. The caller frees *threads.
 * Returns how many; 0 with errno set if there is no such process. Exits the program when out of memory. */
size_t threads_list(pid_t pid, struct thread **threads);

void threads_free(struct thread *threads, size_t count);

/* Watches the threads whose name begins with `prefix`. Returns how many. */
size_t roles_by_name(struct thread *threads, size_t count, const char *prefix);

/* Reads the missing thread pointers of watched threads; stops each for a moment. */
void roles_read_thread_pointers(struct thread *threads, size_t count);

/* Finds the role of every thread by its stack. Watches those that run a scheduler or poll a main future, and
 * those that could not be read but are named like one of them. Each thread is stopped while its registers and
 * stack are copied (tens of microseconds), and unwound later. A thread that does not stop in time
 * (uninterruptible sleep) is left alone. No thread stays stopped, even if this program is killed. `space` is
 * the process's. Returns how many threads could not be read. */
size_t roles_by_stack(struct thread *threads, size_t count, struct space *space,
		      struct symbolizer *symbolizer);

/* The same for watched threads only, which stay watched whatever their role. */
void roles_of_watched(struct thread *threads, size_t count, struct space *space,
		      struct symbolizer *symbolizer);

#endif
