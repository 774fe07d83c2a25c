/* roles.h - the threads of a process, and which of them run a Tokio scheduler.
 *
 * Tokio gives its workers and its spawn_blocking threads one name, programs choose others, and a current-thread runtime
 * runs on a thread of any name: when names do not tell, stacks do.
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

/* The threads of process `pid` in order of tid, of unknown role, none watched. *threads is the caller's to free.
 * Returns how many; 0 with errno set if there is no such process. Exits the program when out of memory. */
size_t threads_list(pid_t pid, struct thread **threads);

void threads_free(struct thread *threads, size_t count);

/* Watches the threads whose name starts with `prefix`. Returns how many. */
size_t roles_by_name(struct thread *threads, size_t count, const char *prefix);

/* Reads the thread pointers of the watched threads that are not known yet; each is stopped for a moment. */
void roles_read_thread_pointers(struct thread *threads, size_t count);

/* The role of every thread of a process by its stack; watches those that run a scheduler or poll a main future, and those that could not be
 * read but are named like one of them. Each thread is stopped while its registers and stack are copied (tens of
 * microseconds) and unwound afterwards; one that does not stop in time (asleep in the kernel, uninterruptibly) is left
 * alone. No thread stays stopped, also if this program is killed meanwhile. `space` is that
 * of the process. Returns how many threads could not be read. */
size_t roles_by_stack(struct thread *threads, size_t count, struct space *space,
		      struct symbolizer *symbolizer);

/* The roles of the watched threads alone, in the same way; they stay watched, whatever these are. */
void roles_of_watched(struct thread *threads, size_t count, struct space *space,
		      struct symbolizer *symbolizer);

#endif
