/* SPDX-License-Identifier: Apache-2.0 */
/* task.c - see task.h. */
#include "tasks/task.h"

enum task_state task_state(uint64_t state)
{
	if (state & STATE_COMPLETE)
		return TASK_COMPLETE;
	if (state & STATE_RUNNING)
		return TASK_RUNNING;
	if (state & STATE_CANCELLED)
		return TASK_CANCELLED;
	return state & STATE_NOTIFIED ? TASK_SCHEDULED : TASK_IDLE;
}

const char *task_state_name(enum task_state state)
{
	static const char *const names[] = {"idle", "scheduled", "running", "complete", "cancelled"};

	return names[state];
}

/* The list of tasks has one reference, a join handle one, a queue one; abort handles count as wakers. */
uint64_t task_wakers(const struct found_task *task, const struct task_type *type)
{
	uint64_t references = task->state / STATE_REFERENCE, others = 0;

	others += !type->blocking && !(task->state & STATE_COMPLETE);
	others += (task->state & STATE_JOIN_INTEREST) != 0;
	others += (task->state & (STATE_NOTIFIED | STATE_RUNNING)) != 0;
	return references > others ? references - others : 0;
}
