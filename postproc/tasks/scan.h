/* SPDX-License-Identifier: Apache-2.0 */
/* scan.h - finds tasks in a process's memory: by words that point to the vtable of a type.
 *
 * Memory changes while it is read, and what was a task may be freed. So all of it is looked at more than once, and
 * a task counts only if it was the same in two looks, and its neighbours in the list of its runtime led back to
 * it in one of them.
 */
#ifndef HUD_TASKS_SCAN_H
#define HUD_TASKS_SCAN_H

#include <sys/types.h>

#include "tasks/task.h"

struct memory;
struct memory_area;
struct task_types;

/* A thread, by its thread control block in memory. */
struct scan_thread {
	pid_t tid;
	uint64_t thread_pointer; /* 0: not found */
	uint64_t stack_pointer;	 /* 0: not known */
	bool first;		 /* the first thread of a live process, whose stack has a name */
};

struct scan {
	struct memory *memory;
	const struct task_types *types;
	struct found_task *task; /* candidates, until scan_settle() */
	size_t count, room;
	uint32_t *slot; /* of a hash table: 1 + index of a task */
	size_t slots;
	struct scan_thread *thread;
	size_t threads;
	uint32_t looks;
	uint64_t scanned, unseen; /* bytes that were looked at; that were too many */
	size_t too_many;	  /* tasks beyond the limit */
	size_t gone,
		doubtful; /* candidates that were gone, or another task, in a later look; that were no tasks
				* by their neighbours */
};

/* `threads`: those whose control blocks are looked for. They and the rest must outlive the scan. */
void scan_begin(struct scan *scan, struct memory *memory, const struct task_types *types,
		struct scan_thread *thread, size_t threads);

/* Looks through all writable memory once. */
void scan_look(struct scan *scan);

/* Does something not agree yet, so that another look may help? */
bool scan_moves(const struct scan *scan);

/* Leaves the tasks that count, by address. `once`: one look is enough, because the memory does not change. */
void scan_settle(struct scan *scan, bool once);

/* The task whose header is at `address`, or NULL. */
struct found_task *scan_find(const struct scan *scan, uint64_t address);

/* Where the thread's stack is, with all that it ever held: below its control block, in memory that has a guard
 * below it. If the stack pointer is known, in the memory that this points to. It ends at *top. NULL: not known, or the
 * first thread's, whose control block is elsewhere. */
const struct memory_area *scan_stack(const struct scan *scan, const struct scan_thread *thread,
				     uint64_t *top);

void scan_free(struct scan *scan);

#endif
