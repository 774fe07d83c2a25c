/* SPDX-License-Identifier: Apache-2.0 */
/* groups.c - see groups.h. */
#include "tasks/groups.h"

#include <inttypes.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "resolve/symbolize/frame.h"
#include "resolve/symbolize/symbolize.h"
#include "target/sockets.h"
#include "tasks/look.h"
#include "tasks/watch.h"

bool task_is_lost(const struct look *look, const struct found_task *task)
{
	const struct task_type *type = &look->types.type[task->type];

	return !type->blocking && task_state(task->state) == TASK_IDLE && !task_wakers(task, type);
}

const char *task_group_state(const struct task_type *type, const struct found_task *task)
{
	enum task_state state = task_state(task->state);

	if (type->worker)
		return "worker";
	if (!type->blocking || state == TASK_COMPLETE)
		return task_state_name(state);
	return state == TASK_RUNNING ? "job runs" : "job queued";
}

char *task_label(const struct look *look, const struct found_task *task)
{
	return task_type_label(look, task->type);
}

char *task_type_label(const struct look *look, uint32_t index)
{
	const struct task_type *type = &look->types.type[index];
	const struct frames *frames;

	if (type->future)
		return xstrdup(type->future);
	frames = symbolize(look->symbolizer, type->poll);
	return xasprintf("%s+0x%lx", lbasename(frames->frame[0].module),
			 (unsigned long)frames->frame[0].offset);
}

/* For sorting: tasks of a group together. */
static int by_group(const void *a, const void *b)
{
	const struct found_task *x = *(const struct found_task *const *)a,
				*y = *(const struct found_task *const *)b;
	enum task_state xs = task_state(x->state), ys = task_state(y->state);

	if (x->runtime != y->runtime)
		return x->runtime < y->runtime ? -1 : 1;
	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	if (xs != ys)
		return xs < ys ? -1 : 1;
	if (x->place != y->place)
		return x->place < y->place ? -1 : 1;
	return x->header < y->header ? -1 : x->header > y->header;
}

static bool same_group(const struct found_task *x, const struct found_task *y)
{
	return x->runtime == y->runtime && x->type == y->type && x->place == y->place &&
	       task_state(x->state) == task_state(y->state);
}

static int by_count(const void *a, const void *b)
{
	const struct task_group *x = a, *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return x->first->header < y->first->header ? -1 : x->first->header > y->first->header;
}

static void add_peer(const struct look *look, struct task_group *group, int socket)
{
	const struct socket_ends *ends = sockets_ends(look->sockets, socket);
	const char *peer = ends ? ends->peer : NULL;

	if (group->count == 1)
		group->peer = peer;
	else if (group->peer && (!peer || strcmp(peer, group->peer) != 0))
		group->peer = NULL;
}

char *task_group_place(const struct task_group *group)
{
	char *place = tree_place(group->first->place), *text;

	if (!group->peer)
		return place;
	text = text_format("%s (%s)", place, group->peer);
	free(place);
	return text;
}

static void add(const struct look *look, const struct watch *watch, struct task_group *group,
		const struct found_task *task)
{
	unsigned stands = watch_compares(watch) ? watch_stands(watch, look, task) : 0;

	group->count++;
	add_peer(look, group, task->socket);
	group->never += task_is_lost(look, task);
	group->stand += stands != 0;
	group->looks = stands + 1 > group->looks ? stands + 1 : group->looks;
}

size_t task_groups(const struct look *look, const struct watch *watch, struct task_group **groups)
{
	const struct scan *scan = &look->scan;
	const struct found_task **sorted = xcalloc(scan->count + 1, sizeof(*sorted));
	size_t count = 0;

	*groups = xcalloc(scan->count + 1, sizeof(**groups));
	for (size_t i = 0; i < scan->count; i++)
		sorted[i] = &scan->task[i];
	qsort(sorted, scan->count, sizeof(const struct found_task *), by_group);
	for (size_t i = 0; i < scan->count; i++) {
		if (!count || !same_group((*groups)[count - 1].first, sorted[i]))
			(*groups)[count++].first = sorted[i];
		add(look, watch, &(*groups)[count - 1], sorted[i]);
	}
	free(sorted);
	for (size_t i = 0; i < count && watch_compares(watch); i++)
		(*groups)[i].before = watch_before(watch, look, (*groups)[i].first);
	qsort(*groups, count, sizeof(**groups), by_count);
	return count;
}
