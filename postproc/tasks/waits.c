/* SPDX-License-Identifier: Apache-2.0 */
/* waits.c - see waits.h. */
#include "tasks/waits.h"

#include <stdlib.h>
#include <string.h>

#include <libiberty/libiberty.h>

#include "base/bisect.h"
#include "base/grow.h"
#include "tasks/scan.h"

#define NOBODY UINT32_MAX

/* Is it something that a guard or permit of another task keeps from this one? */
static bool is_lock(enum await_on on)
{
	return on == AWAIT_ON_MUTEX || on == AWAIT_ON_READ_LOCK || on == AWAIT_ON_WRITE_LOCK ||
	       on == AWAIT_ON_SEMAPHORE;
}

static size_t count_leaves(const struct await_node *node)
{
	size_t count = node->kind == AWAIT_LEAF;

	for (const struct await_node *child = node->child; child; child = child->sibling)
		count += count_leaves(child);
	return count;
}

static void add_leaves(struct waits *waits, const struct scan *scan, uint32_t task, bool only,
		       const struct await_node *node)
{
	for (const struct await_node *child = node->child; child; child = child->sibling)
		add_leaves(waits, scan, task, only, child);
	bool lock = is_lock(node->on) && node->object && !node->granted;

	if (node->kind != AWAIT_LEAF || (!lock && node->on != AWAIT_ON_TASK))
		return;
	const struct found_task *joined = node->on == AWAIT_ON_TASK ? scan_find(scan, node->task) : NULL;

	GROW(waits->wait, waits->waits_room, waits->waits + 1);
	waits->wait[waits->waits++] =
		(struct wait){.task = task,
			      .only = only,
			      .on = node->on,
			      .object = lock ? node->object : 0,
			      .joined = joined ? (uint32_t)(joined - scan->task) : NOBODY,
			      .words = node->waits_for};
}

static void add_grants(struct waits *waits, uint32_t task, const struct await_node *by,
		       const struct await_node *node)
{
	for (const struct await_node *child = node->child; child; child = child->sibling)
		add_grants(waits, task, by, child);
	if (node->kind != AWAIT_LEAF || !is_lock(node->on) || !node->granted)
		return;
	GROW(waits->grant, waits->grants_room, waits->grants + 1);
	waits->grant[waits->grants++] = (struct stuck_grant){.task = task,
							     .object = node->object,
							     .words = node->waits_for,
							     .function = by->function,
							     .file = by->file,
							     .line = by->line};
}

static void add_unpolled(struct waits *waits, uint32_t task, const struct await_held *held)
{
	const struct await_node *leaf = await_only_leaf(held->future);

	GROW(waits->unpolled, waits->unpolleds_room, waits->unpolleds + 1);
	waits->unpolled[waits->unpolleds++] = (struct unpolled){.task = task,
								.future = held->future->function,
								.waits_for = leaf ? leaf->waits_for : NULL,
								.function = held->node->function,
								.file = held->node->file,
								.line = held->node->line};
}

void waits_add(struct waits *waits, const struct scan *scan, uint32_t task, const struct await_task *chain)
{
	if (!chain->root)
		return;
	add_leaves(waits, scan, task, count_leaves(chain->root) == 1, chain->root);
	for (const struct await_held *held = chain->held; held; held = held->next) {
		size_t before = waits->grants;

		add_grants(waits, task, held->node, held->future);
		if (waits->grants == before)
			add_unpolled(waits, task, held);
	}
	for (const struct await_guard *guard = chain->guards; guard; guard = guard->next) {
		GROW(waits->hold, waits->holds_room, waits->holds + 1);
		waits->hold[waits->holds++] = (struct hold){.object = guard->object,
							    .task = task,
							    .function = guard->node->function,
							    .file = guard->node->file,
							    .line = guard->node->line};
	}
}

static int by_object(const void *one, const void *two)
{
	const struct hold *a = one, *b = two;

	if (a->object != b->object)
		return a->object < b->object ? -1 : 1;
	return (a->task > b->task) - (a->task < b->task);
}

static int by_waited(const void *one, const void *two)
{
	const struct wait *a = one, *b = two;

	if (a->object != b->object)
		return a->object < b->object ? -1 : 1;
	return (a->task > b->task) - (a->task < b->task);
}

static int by_text(const char *one, const char *other)
{
	return strcmp(one ? one : "", other ? other : "");
}

static int by_place(const void *one, const void *two)
{
	const struct unpolled *a = one, *b = two;

	return waits_same_place(a, b)		   ? (a->task > b->task) - (a->task < b->task)
	       : a->line != b->line		   ? (a->line > b->line) - (a->line < b->line)
	       : by_text(a->file, b->file)	   ? by_text(a->file, b->file)
	       : by_text(a->function, b->function) ? by_text(a->function, b->function)
	       : by_text(a->future, b->future)	   ? by_text(a->future, b->future)
						   : by_text(a->waits_for, b->waits_for);
}

bool waits_same_place(const struct unpolled *a, const struct unpolled *b)
{
	return a->line == b->line && !by_text(a->file, b->file) && !by_text(a->function, b->function) &&
	       !by_text(a->future, b->future) && !by_text(a->waits_for, b->waits_for);
}

void waits_settle(struct waits *waits)
{
	if (waits->holds)
		qsort(waits->hold, waits->holds, sizeof(*waits->hold), by_object);
	if (waits->unpolleds)
		qsort(waits->unpolled, waits->unpolleds, sizeof(*waits->unpolled), by_place);
	if (waits->waits)
		qsort(waits->wait, waits->waits, sizeof(*waits->wait), by_waited);
}

void waits_clear(struct waits *waits)
{
	free(waits->wait);
	free(waits->hold);
	free(waits->grant);
	free(waits->unpolled);
	*waits = (struct waits){0};
}

const struct hold *waits_holder(const struct waits *waits, uint64_t object)
{
	if (!object || !waits->holds)
		return NULL;
	size_t i = FIRST_BEYOND(waits->hold, waits->holds, object, object - 1);
	const struct hold *first = &waits->hold[i];

	if (i == waits->holds || first->object != object)
		return NULL;
	for (; i < waits->holds && waits->hold[i].object == object; i++)
		if (waits->hold[i].task != first->task)
			return NULL;
	return first;
}

/* --- cycles --- */

/* The task without which this wait does not end; NOBODY if there is none, or none can be named. */
static uint32_t awaited(const struct waits *waits, const struct wait *wait)
{
	const struct hold *holder = waits_holder(waits, wait->object);

	if (!wait->only)
		return NOBODY;
	return wait->object ? (holder ? holder->task : NOBODY) : wait->joined;
}

static void add_cycle(struct wait_cycle **cycles, size_t *count, const struct wait *const *wait_of,
		      const uint32_t *next, uint32_t first)
{
	struct wait_cycle cycle = {.length = 1};
	uint32_t task = first;

	while ((task = next[task]) != first)
		cycle.length++;
	cycle.wait = xcalloc(cycle.length, sizeof(*cycle.wait));
	for (size_t i = 0; i < cycle.length; i++, task = next[task])
		cycle.wait[i] = wait_of[task];
	*cycles = xrealloc(*cycles, (*count + 1) * sizeof(**cycles));
	(*cycles)[(*count)++] = cycle;
}

/* Each task has one next task at most. A walk that comes to a task of its own walk has found a cycle. */
struct wait_cycle *waits_cycles(const struct waits *waits, size_t tasks, size_t *count)
{
	const struct wait **wait_of = xcalloc(tasks + 1, sizeof(*wait_of));
	uint32_t *next = xcalloc(tasks + 1, sizeof(*next)), *walk = xcalloc(tasks + 1, sizeof(*walk));
	struct wait_cycle *cycles = NULL;

	*count = 0;
	for (size_t i = 0; i < tasks; i++)
		next[i] = NOBODY;
	for (size_t i = 0; i < waits->waits; i++) {
		const struct wait *wait = &waits->wait[i];

		next[wait->task] = awaited(waits, wait);
		wait_of[wait->task] = wait;
	}
	for (uint32_t start = 0; start < tasks; start++) {
		uint32_t task = start;

		while (task != NOBODY && !walk[task]) {
			walk[task] = start + 1;
			task = next[task];
		}
		if (task != NOBODY && walk[task] == start + 1)
			add_cycle(&cycles, count, wait_of, next, task);
	}
	free(walk);
	free(next);
	free(wait_of);
	return cycles;
}
