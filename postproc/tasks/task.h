/* SPDX-License-Identifier: Apache-2.0 */
/* task.h - what is known of a task, and of its type.
 *
 * A task's cell in memory is Header, Core { scheduler, id, stage }, Trailer (tokio/src/runtime/task/core.rs).
 * Header is repr(C): state, queue_next, vtable, owner_id. The vtable tells where the rest is (raw.rs). Checked with
 * Tokio 1.24.2, 1.43.1 and 1.53.2.
 */
#ifndef HUD_TASKS_TASK_H
#define HUD_TASKS_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Offsets in Header. */
enum { HEADER_STATE = 0, HEADER_VTABLE = 16, HEADER_OWNER = 24 };

/* Bits of its state (state.rs); references are counted above them. */
enum {
	STATE_RUNNING = 1,
	STATE_COMPLETE = 2,
	STATE_NOTIFIED = 4,
	STATE_JOIN_INTEREST = 8,
	STATE_JOIN_WAKER = 16,
	STATE_CANCELLED = 32,
	STATE_REFERENCE = 64
};

struct tree_node;

/* What spawned tasks of one type share: their vtable. */
struct task_type {
	uint64_t vtable, poll, schedule; /* addresses */
	uint64_t scheduler, id, trailer; /* offsets in the cell */
	bool blocking;	     /* a job of the blocking pool: it has no scheduler, and is in no list */
	bool worker;	     /* such a job that runs a worker of a multi-thread runtime, by its name */
	char *future;	     /* display name of its future, or of the job's closure; NULL: not known */
	const char *flavour; /* what schedules it, by its schedule function's name; NULL: not known */
	size_t count;	     /* of its tasks */
};

enum task_state { TASK_IDLE, TASK_SCHEDULED, TASK_RUNNING, TASK_COMPLETE, TASK_CANCELLED, TASK_STATES };

#define TRAILER_WORDS 6 /* of the trailer that are read: links of the list, and a waker, in any order */

struct found_task {
	uint64_t header, state, owner, id;
	uint64_t handle; /* of what schedules it; 0 for jobs of the blocking pool */
	uint64_t trailer[TRAILER_WORDS];
	uint32_t type;	  /* index of its type */
	uint32_t look;	  /* in which look it was last seen */
	bool twice;	  /* seen in two looks, the same task */
	bool linked;	  /* in one of them its neighbours in the list led back to it */
	bool on_a_stack;  /* no task, but a copy of a header */
	uint32_t runtime; /* index of its runtime; UINT32_MAX: none */
	int socket;	  /* the descriptor of the socket that it waits for, and nothing else; -1: none */
	struct tree_node *place; /* where it stands in the tree of awaits; NULL: not known */
};

enum task_state task_state(uint64_t state);

/* "idle", "scheduled", "running", "complete", "cancelled". */
const char *task_state_name(enum task_state state);

/* How many wakers of it there are: what its references leave over. */
uint64_t task_wakers(const struct found_task *task, const struct task_type *type);

#endif
