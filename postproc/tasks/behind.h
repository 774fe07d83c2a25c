/* SPDX-License-Identifier: Apache-2.0 */
/* behind.h - which tasks are in the queue of a thread that drives a runtime: they wait until it has polled another. */
#ifndef HUD_TASKS_BEHIND_H
#define HUD_TASKS_BEHIND_H

#include <stddef.h>
#include <stdint.h>

struct look;
struct runtime;
struct runtime_thread;

/* So many tasks of one type. */
struct behind {
	uint32_t type; /* its index */
	size_t count;
};

/* The tasks behind the one that this thread of the runtime polls: in its queue and its LIFO slot. All that are
 * scheduled, if the runtime is current-thread. By type, most first. The queue changes while it is read. The caller frees *behind. Returns 0 if
 * there are none, the thread is parked, or that is not known. */
size_t tasks_behind(const struct look *look, const struct runtime *runtime,
		    const struct runtime_thread *thread, struct behind **behind);

#endif
