/* SPDX-License-Identifier: Apache-2.0 */
/* waits.h - who waits for whom: tasks for locks that other tasks may hold, and for tasks that they join.
 *
 * A guard is seen in the frame of the function that took it. There it stays when the function drops it by hand, and
 * debug info does not tell that. So a holder is a candidate, no more.
 */
#ifndef HUD_TASKS_WAITS_H
#define HUD_TASKS_WAITS_H

#include "awaits/awaits.h"

struct scan;

/* A task waits. */
struct wait {
	uint32_t task; /* index in the scan */
	bool only;     /* for nothing else at the same time: until this ends, the task stands */
	enum await_on on;
	uint64_t object;   /* address of the lock's semaphore; 0: it joins a task */
	uint32_t joined;   /* index of that task; UINT32_MAX: not found, or none */
	const char *words; /* "mutex" */
};

/* A task may hold a lock. */
struct hold {
	uint64_t object;
	uint32_t task;
	const char *function, *file; /* of the function in which the guard was seen; NULL: not known */
	unsigned line;		     /* where it is suspended */
};

/* A task was granted a lock in a future that it does not poll: nobody gets the lock until it does. */
struct stuck_grant {
	uint32_t task;
	uint64_t object;
	const char *words, *function, *file;
	unsigned line;
};

/* A task holds a future that has begun, and does not poll it where it is suspended now. */
struct unpolled {
	uint32_t task;
	const char *future;	     /* its name */
	const char *waits_for;	     /* what it waits for, in words; NULL: several things */
	const char *function, *file; /* of the function that holds it */
	unsigned line;		     /* where that is suspended */
};

struct waits {
	struct wait *wait;
	struct hold *hold;
	struct stuck_grant *grant;
	struct unpolled *unpolled; /* without those with a grant */
	size_t waits, holds, grants, unpolleds;
	size_t waits_room, holds_room, grants_room, unpolleds_room;
};

/* Adds what the task waits for and may hold. The chain's texts must outlive `waits`. */
void waits_add(struct waits *waits, const struct scan *scan, uint32_t task, const struct await_task *chain);

/* Sorts them, once all are added: waits and holds by object. */
void waits_settle(struct waits *waits);
void waits_clear(struct waits *waits);

/* Are both futures of one kind, held at one place, and do they wait for the same kind of thing? Once settled, such ones stand
 * side by side. */
bool waits_same_place(const struct unpolled *one, const struct unpolled *other);

/* The only task that may hold this lock: its hold. NULL if there is none, or several tasks may. */
const struct hold *waits_holder(const struct waits *waits, uint64_t object);

/* A cycle of `length` tasks: each stands, and waits for a lock that only the next one may hold, or joins it; the last
 * one for the first. */
struct wait_cycle {
	const struct wait **wait;
	size_t length;
};

/* All cycles. The caller frees each one's `wait`, and the array. Returns NULL if there are none. */
struct wait_cycle *waits_cycles(const struct waits *waits, size_t tasks, size_t *count);

#endif
