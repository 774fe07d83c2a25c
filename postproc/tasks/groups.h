/* SPDX-License-Identifier: Apache-2.0 */
/* groups.h - tasks that are alike: of one runtime and type, in one state, waiting for the same. */
#ifndef HUD_TASKS_GROUPS_H
#define HUD_TASKS_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tasks/task.h"

struct look;
struct watch;

struct task_group {
	const struct found_task *first; /* one of them */
	size_t count;
	size_t never;  /* idle ones that nothing can wake: no waker of theirs is left */
	size_t stand;  /* that stood there at the look before */
	size_t before; /* that were there at the look before */
	const char *
		peer; /* address of the other end of the socket that they wait for, if it is the same for all; NULL: none */
	unsigned looks; /* in which one of them stood there, at most, this look included */
};

/* The groups, the largest first, compared with the look before if there was one. The caller frees *groups. */
size_t task_groups(const struct look *look, const struct watch *watch, struct task_group **groups);

/* Is it idle, with no waker anywhere that could wake it? */
bool task_is_lost(const struct look *look, const struct found_task *task);

/* The name of a task's type, or "MODULE+0xOFFSET" of its poll function. The caller frees it. */
char *task_label(const struct look *look, const struct found_task *task);
char *task_type_label(const struct look *look, uint32_t type);

/* Where they stand, and what for: tree_place(), and the socket's other end. The caller frees it. Raw: hostile. */
char *task_group_place(const struct task_group *group);

/* What the task does, in words: its state, or of a job of the blocking pool, "job runs", "job queued" or "worker". */
const char *task_group_state(const struct task_type *type, const struct found_task *task);

#endif
