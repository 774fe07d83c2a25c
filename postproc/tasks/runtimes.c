/* SPDX-License-Identifier: Apache-2.0 */
/* runtimes.c - see runtimes.h. */
#include "tasks/runtimes.h"

#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "target/memory.h"
#include "tasks/scan.h"
#include "tasks/types.h"
#include "tokio/thread.h"

#define RUNTIMES_MAX 4096

/* --- where Tokio keeps its state --- */

/* A layout whose place in thread-local memory is not known is searched for, as when a trace begins. */
static const char *search_threads(struct runtimes *r, const struct tokio_layouts *layouts, pid_t pid,
				  const struct scan *scan)
{
	struct thread *threads = xcalloc(scan->threads + 1, sizeof(*threads));
	const char *why;

	for (size_t i = 0; i < scan->threads; i++) {
		threads[i].tid = scan->thread[i].tid;
		threads[i].thread_pointer = scan->thread[i].thread_pointer;
	}
	why = tokio_verify(pid, threads, scan->threads, layouts, &r->tokio);
	free(threads);
	return why;
}

void runtimes_prepare(struct runtimes *r, struct module *module, pid_t pid, const struct scan *scan)
{
	struct tokio_layouts *layouts = xcalloc(1, sizeof(*layouts));

	*r = (struct runtimes){0};
	r->no_threads = tokio_find(module, layouts);
	r->no_figures = runtime_layouts_find(module, &layouts->runtime, &r->layouts);
	if (!r->no_threads && layouts->count == 1 && !layouts->layout[0].searched)
		r->tokio = layouts->layout[0];
	else if (!r->no_threads)
		r->no_threads = pid ? search_threads(r, layouts, pid, scan)
				    : "without debug info, threads can be looked at in a live process only";
	r->threads_known = !r->no_threads;
	free(layouts);
}

void runtimes_free(struct runtimes *r)
{
	for (size_t i = 0; i < r->count; i++) {
		free(r->runtime[i].figures);
		free(r->runtime[i].thread);
	}
	free(r->runtime);
}

/* --- which runtimes there are --- */

/* The index of the runtime with this handle; UINT32_MAX if there would be too many. */
static uint32_t runtime_of(struct runtimes *r, uint64_t handle, uint64_t owner)
{
	size_t i = 0;

	while (i < r->count && r->runtime[i].handle != handle)
		i++;
	if (i == RUNTIMES_MAX)
		return UINT32_MAX;
	if (i == r->count) {
		r->runtime = xrealloc(r->runtime, (r->count + 1) * sizeof(*r->runtime));
		r->runtime[r->count++] = (struct runtime){.handle = handle, .owner = owner};
	}
	return (uint32_t)i;
}

static void take_tasks(struct runtimes *r, struct scan *scan)
{
	uint64_t handle = 0;
	uint32_t index = UINT32_MAX;

	for (size_t i = 0; i < scan->count; i++) {
		struct found_task *task = &scan->task[i];
		const struct task_type *type = &scan->types->type[task->type];

		if (type->blocking)
			continue;
		if (task->handle != handle)
			index = runtime_of(r, task->handle, task->owner);
		handle = task->handle;
		task->runtime = index;
		if (index == UINT32_MAX)
			continue;
		struct runtime *runtime = &r->runtime[index];

		if (task->state & STATE_COMPLETE)
			runtime->complete++;
		else
			runtime->tasks++;
		if (!runtime->flavour)
			runtime->flavour = type->flavour;
	}
}

/* The id of the task that the thread polls, and whether it is parked (tokio/layout.h). */
static void read_thread(const struct memory_reader *m, const struct tokio_layout *tokio, uint64_t end,
			struct runtime_thread *thread)
{
	const struct tokio_scheduler *t =
		thread->driver.multi_thread ? &tokio->multi_thread : &tokio->current_thread;
	uint64_t id, tag = 1, context, core, idle = 0;

	if (!memory_word(m, end - tokio->id, &id) ||
	    (tokio->id_tag && !memory_word(m, end - tokio->id_tag, &tag)) || tag > 1 || (tag && id >> 48))
		return;
	if (!t->known || !memory_word(m, end - t->pointer, &context) ||
	    !memory_word(m, context + t->core, &core) || !core ||
	    !m->read(m->arg, core + t->idle, &idle, thread->driver.multi_thread ? 8 : 4))
		return;
	thread->placed = true;
	thread->parked = (uint32_t)idle == t->idle_value && (thread->driver.multi_thread ? !idle : true);
	if (!thread->parked && tag)
		thread->task = id;
}

static void take_threads(struct runtimes *r, struct scan *scan)
{
	const struct memory_reader m = memory_reader_of(scan->memory);

	for (size_t i = 0; i < scan->threads && r->layouts.count; i++) {
		uint64_t end = scan->thread[i].thread_pointer;
		struct runtime_thread thread = {.tid = scan->thread[i].tid};

		end = end ? end - r->tokio.block.size : 0;
		for (size_t l = 0; l < r->layouts.count && end; l++)
			if (runtime_driven(&m, &r->tokio, &r->layouts.layout[l], end, &thread.driver))
				break;
		uint32_t index = thread.driver.handle ? runtime_of(r, thread.driver.handle, 0) : UINT32_MAX;

		if (index == UINT32_MAX)
			continue;
		struct runtime *runtime = &r->runtime[index];

		read_thread(&m, &r->tokio, end, &thread);
		if (!runtime->flavour)
			runtime->flavour = thread.driver.multi_thread ? "multi-thread" : "current-thread";
		runtime->thread =
			xrealloc(runtime->thread, (runtime->threads + 1) * sizeof(*runtime->thread));
		runtime->thread[runtime->threads++] = thread;
	}
}

/* Tries the layouts, for the flavour that is known, or both. */
static void read_figures(struct runtimes *r, const struct memory_reader *m, struct runtime *runtime)
{
	struct runtime_figures *figures = xcalloc(1, sizeof(*figures));

	for (size_t l = 0; l < r->layouts.count; l++)
		for (int multi = 1; multi >= 0; multi--) {
			if (runtime->flavour &&
			    strcmp(runtime->flavour, multi ? "multi-thread" : "current-thread") != 0)
				continue;
			if (!runtime_read(m, &r->layouts.layout[l], runtime->handle, multi, figures) ||
			    (runtime->owner && figures->owner != runtime->owner))
				continue;
			runtime->flavour = multi ? "multi-thread" : "current-thread";
			runtime->owner = figures->owner;
			runtime->figures = figures;
			runtime->layout = &r->layouts.layout[l];
			r->how = r->layouts.layout[l].how;
			return;
		}
	free(figures);
}

static int by_owner(const void *a, const void *b)
{
	uint64_t x = ((const struct runtime *)a)->owner, y = ((const struct runtime *)b)->owner;

	return x < y ? -1 : x > y;
}

void runtimes_find(struct runtimes *r, struct scan *scan)
{
	const struct memory_reader m = memory_reader_of(scan->memory);
	struct runtime *before;

	take_tasks(r, scan);
	if (r->threads_known)
		take_threads(r, scan);
	for (size_t i = 0; i < r->count; i++)
		read_figures(r, &m, &r->runtime[i]);
	if (!r->count)
		return;
	/* In the order in which they were made: tasks are told the new indexes. */
	before = xmemdup(r->runtime, r->count * sizeof(*before), r->count * sizeof(*before));
	qsort(r->runtime, r->count, sizeof(*r->runtime), by_owner);
	uint32_t *moved = xcalloc(r->count, sizeof(*moved));

	for (size_t old = 0; old < r->count; old++)
		for (size_t i = 0; i < r->count; i++)
			if (r->runtime[i].handle == before[old].handle)
				moved[old] = (uint32_t)i;
	for (size_t i = 0; i < scan->count; i++)
		if (scan->task[i].runtime != UINT32_MAX)
			scan->task[i].runtime = moved[scan->task[i].runtime];
	free(moved);
	free(before);
}
