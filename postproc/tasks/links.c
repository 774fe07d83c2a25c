/* SPDX-License-Identifier: Apache-2.0 */
/* links.c - see links.h. */
#include "tasks/links.h"

#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "base/bisect.h"
#include "target/memory.h"
#include "tasks/scan.h"
#include "tasks/types.h"

#define HANDLE_WORDS 512 /* a handle's list of tasks begins in its first 4 KiB */

/* Do both neighbours lead back, if the links are words `at` (previous) and `at` + 1 (next) of the trailer? */
static bool agrees(const struct scan *scan, const struct found_task *task, int at, bool *alone)
{
	uint64_t previous = task->trailer[at], next = task->trailer[at + 1];
	const struct found_task *before = previous ? scan_find(scan, previous) : NULL;
	const struct found_task *after = next ? scan_find(scan, next) : NULL;

	*alone = !previous && !next;
	return (!previous || (before && before->trailer[at + 1] == task->header)) &&
	       (!next || (after && after->trailer[at] == task->header));
}

static bool is_listed(const struct scan *scan, const struct found_task *task)
{
	return task->look == scan->looks && !scan->types->type[task->type].blocking &&
	       !(task->state & STATE_COMPLETE);
}

/* The compiler orders the trailer's fields: where most tasks agree, the links are. */
static int find_links(const struct scan *scan)
{
	size_t most = 0;
	int best = 0;

	for (int at = 0; at + 1 < TRAILER_WORDS; at++) {
		size_t count = 0;
		bool alone;

		for (size_t i = 0; i < scan->count; i++)
			count += is_listed(scan, &scan->task[i]) &&
				 agrees(scan, &scan->task[i], at, &alone) && !alone;
		if (count > most) {
			most = count;
			best = at;
		}
	}
	return best;
}

/* What schedules tasks, and whether it does. */
struct handle {
	uint64_t address, owner;
	bool alive;
};

/* An Arc's counts, and somewhere behind them the id of the list of tasks. */
static bool is_alive(struct memory *memory, const struct handle *handle)
{
	uint64_t word[HANDLE_WORDS];
	size_t words = HANDLE_WORDS;

	/* It may end before 4 KiB. */
	while (words > 8 && !memory_read(memory, handle->address, word, words * sizeof(*word)))
		words /= 2;
	if (words <= 8 || !word[0] || !word[1] || word[0] >> 32 || word[1] >> 32)
		return false;
	for (size_t i = 2; i < words; i++)
		if (word[i] == handle->owner)
			return true;
	return false;
}

/* A few handles have all tasks, and tasks of one lie together. */
static bool schedules(struct scan *scan, const struct found_task *task, struct handle *last)
{
	if (last->address != task->handle || last->owner != task->owner) {
		*last = (struct handle){.address = task->handle, .owner = task->owner};
		last->alive = is_alive(scan->memory, last);
	}
	return last->alive;
}

void links_check(struct scan *scan)
{
	struct handle last = {0};
	int at = find_links(scan);
	bool alone;

	for (size_t i = 0; i < scan->count; i++) {
		struct found_task *task = &scan->task[i];

		if (task->look != scan->looks || task->linked)
			continue;
		task->linked = scan->types->type[task->type].blocking ||
			       (((task->state & STATE_COMPLETE) || agrees(scan, task, at, &alone)) &&
				schedules(scan, task, &last));
	}
}
