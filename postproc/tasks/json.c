/* SPDX-License-Identifier: Apache-2.0 */
/* json.c - a look as JSON (declared in formats.h). hud-trace(8) has the schema. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/escape.h"
#include "format/json-writer.h"
#include "tasks/formats.h"
#include "tasks/groups.h"
#include "tasks/look.h"

static void number(struct json *j, const char *key, uint64_t value)
{
	if (value == RUNTIME_NUMBER_UNKNOWN)
		json_null(j, key);
	else
		json_number(j, key, value);
}

static void address(struct json *j, const char *key, uint64_t value)
{
	char *text = text_format("0x%" PRIx64, value);

	json_text(j, key, text);
	free(text);
}

static void write_figures(struct json *j, const struct runtime_figures *f)
{
	json_text(j, "name", *f->name ? f->name : NULL);
	number(j, "tasks_by_tokio", f->tasks);
	number(j, "injected", f->injected);
	if (f->multi_thread) {
		number(j, "searching", f->searching);
		number(j, "awake", f->awake);
		json_array_begin(j, "queued");
		for (uint64_t i = 0; i < f->workers; i++)
			number(j, NULL, f->queued[i]);
		json_array_end(j);
	}
	json_object_begin(j, "blocking_pool");
	number(j, "threads", f->pool_threads);
	number(j, "idle", f->pool_idle);
	number(j, "queued", f->pool_queued);
	number(j, "cap", f->pool_cap);
	json_object_end(j);
}

static void write_threads(struct json *j, const struct runtime *runtime)
{
	json_array_begin(j, "threads");
	for (size_t i = 0; i < runtime->threads; i++) {
		const struct runtime_thread *t = &runtime->thread[i];

		json_object_begin(j, NULL);
		json_signed(j, "tid", t->tid);
		json_number(j, "worker", t->driver.worker);
		json_boolean(j, "parked", t->parked);
		number(j, "task", t->task ? t->task : RUNTIME_NUMBER_UNKNOWN);
		json_boolean(j, "lifo", t->driver.lifo);
		if (!t->driver.multi_thread)
			number(j, "queued", t->driver.queued);
		json_object_end(j);
	}
	json_array_end(j);
}

static void write_runtime(struct json *j, const struct runtime *runtime, size_t index)
{
	json_object_begin(j, NULL);
	json_number(j, "id", index);
	address(j, "handle", runtime->handle);
	json_text(j, "flavour", runtime->flavour);
	if (runtime->figures && runtime->figures->multi_thread)
		json_number(j, "workers", runtime->figures->workers);
	json_number(j, "tasks", runtime->tasks);
	json_number(j, "complete", runtime->complete);
	if (runtime->figures)
		write_figures(j, runtime->figures);
	write_threads(j, runtime);
	json_object_end(j);
}

static void write_task(struct json *j, const struct look *look, const struct found_task *task)
{
	const struct task_type *type = &look->types.type[task->type];

	json_object_begin(j, NULL);
	json_number(j, "id", task->id);
	address(j, "header", task->header);
	number(j, "runtime", task->runtime == UINT32_MAX ? RUNTIME_NUMBER_UNKNOWN : task->runtime + 1);
	json_text(j, "state", task_state_name(task_state(task->state)));
	json_boolean(j, "blocking", type->blocking);
	json_text(j, "future", type->future);
	address(j, "vtable", type->vtable);
	json_boolean(j, "join_handle", task->state & STATE_JOIN_INTEREST);
	json_number(j, "references", task->state / STATE_REFERENCE);
	json_boolean(j, "lost", task_is_lost(look, task));
	json_null(j, "awaits");
	json_object_end(j);
}

void tasks_json(FILE *out, const struct look *look)
{
	const struct scan *scan = &look->scan;
	struct json *j = json_begin(out, false);

	json_object_begin(j, NULL);
	json_array_begin(j, "runtimes");
	for (size_t i = 0; i < look->runtimes.count; i++)
		write_runtime(j, &look->runtimes.runtime[i], i + 1);
	json_array_end(j);
	json_array_begin(j, "tasks");
	for (size_t i = 0; i < scan->count; i++)
		write_task(j, look, &scan->task[i]);
	json_array_end(j);
	json_object_begin(j, "unread");
	json_number(j, "gone", scan->gone);
	json_number(j, "doubtful", scan->doubtful);
	json_number(j, "too_many", scan->too_many);
	json_number(j, "bytes", scan->unseen);
	json_object_end(j);
	json_object_end(j);
	json_end(j);
}
