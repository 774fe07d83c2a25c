/* SPDX-License-Identifier: Apache-2.0 */
/* events.c - a look as lines of a stream (declared in formats.h): probes/README.md describes them. */
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "stream/event.h"
#include "tasks/behind.h"
#include "tasks/formats.h"
#include "tasks/groups.h"
#include "tasks/look.h"

#define GROUPS_MOST 200 /* of a look; the largest */
#define TEXT_MOST                                                                                            \
	480 /* bytes of a name: escaped, a line has less than PIPE_BUF bytes, so that it stays whole among others */

static char *cut(char *text)
{
	if (strlen(text) > TEXT_MOST)
		text[TEXT_MOST] = '\0';
	return text;
}

static bool is_told(const struct look *look, const struct task_group *group)
{
	return !look->types.type[group->first->type].worker;
}

static void write_group(FILE *out, const struct look *look, uint64_t ns, const struct task_group *group)
{
	const struct found_task *task = group->first;
	const struct task_type *type = &look->types.type[task->type];
	char *future = cut(task_label(look, task)), *place = cut(task_group_place(group));

	event_write(out, &(struct event){.kind = EVENT_STANDS,
					 .ns = ns,
					 .count = group->count,
					 .lost = group->never,
					 .key = task_group_state(type, task),
					 .future = future,
					 .text = *place ? place : NULL});
	free(future);
	free(place);
}

/* The name of the future with the id; NULL if it is not known. The caller frees it. */
static char *polled_by(const struct look *look, const struct runtime_thread *thread)
{
	for (size_t i = 0; i < look->scan.count && thread->task; i++)
		if (look->scan.task[i].id == thread->task)
			return cut(task_label(look, &look->scan.task[i]));
	return NULL;
}

static void write_behind(FILE *out, const struct look *look, uint64_t ns, const struct runtime *runtime,
			 const struct runtime_thread *thread)
{
	struct behind *behind;
	size_t count = tasks_behind(look, runtime, thread, &behind);
	char *polled = count ? polled_by(look, thread) : NULL;

	for (size_t i = 0; i < count && i < GROUPS_MOST; i++) {
		char *future = task_type_label(look, behind[i].type);

		event_write(out, &(struct event){.kind = EVENT_BEHIND,
						 .ns = ns,
						 .tid = thread->tid,
						 .count = behind[i].count,
						 .key = polled,
						 .text = cut(future)});
		free(future);
	}
	free(polled);
	free(behind);
}

void tasks_events(FILE *out, const struct look *look)
{
	struct task_group *groups;
	size_t count = task_groups(look, NULL, &groups);
	struct event e = {.kind = EVENT_LOOK, .ns = look->ns};

	for (size_t i = 0; i < count; i++) {
		e.count += is_told(look, &groups[i]) ? groups[i].count : 0;
		e.lost += groups[i].never;
	}
	event_write(out, &e);
	for (size_t i = 0, told = 0; i < count && told < GROUPS_MOST; i++)
		if (is_told(look, &groups[i])) {
			write_group(out, look, e.ns, &groups[i]);
			told++;
		}
	for (size_t i = 0; i < look->runtimes.count; i++)
		for (size_t k = 0; k < look->runtimes.runtime[i].threads; k++)
			write_behind(out, look, e.ns, &look->runtimes.runtime[i],
				     &look->runtimes.runtime[i].thread[k]);
	free(groups);
}
