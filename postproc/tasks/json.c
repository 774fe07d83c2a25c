/* SPDX-License-Identifier: Apache-2.0 */
/* json.c - a look as JSON (declared in formats.h). hud-trace(8) has the schema. */
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/escape.h"
#include "format/json-writer.h"
#include "target/sockets.h"
#include "tasks/formats.h"
#include "tasks/groups.h"
#include "tasks/look.h"
#include "tasks/waits-formats.h"

#define DEPTH_MAX 500 /* of nodes in nodes */

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

/* A text, quoted. */
static void quote(FILE *out, const char *key, const char *raw)
{
	char *safe = raw ? escape_json(raw) : NULL;
	struct json_object *text = safe ? json_object_new_string(safe) : NULL;

	fprintf(out, "\"%s\":%s", key,
		text ? json_object_to_json_string_ext(text, JSON_C_TO_STRING_PLAIN) : "null");
	json_object_put(text);
	free(safe);
}

static void write_socket(FILE *out, const struct look *look, int fd)
{
	const struct socket_ends *ends = sockets_ends(look->sockets, fd);

	fprintf(out, ",\"fd\":%d", fd);
	if (!ends)
		return;
	putc(',', out);
	quote(out, "local", ends->local);
	putc(',', out);
	quote(out, "peer", ends->peer);
}

static void write_node(FILE *out, const struct look *look, const struct await_node *node, int depth)
{
	const struct found_task *joined = node->task ? scan_find(&look->scan, node->task) : NULL;

	putc('{', out);
	quote(out, "function", node->function);
	putc(',', out);
	quote(out, "file", node->file);
	if (node->line)
		fprintf(out, ",\"line\":%u,", node->line);
	else
		fputs(",\"line\":null,", out);
	quote(out, "waits_for", node->waits_for);
	if (node->on == AWAIT_ON_SOCKET && node->fd >= 0)
		write_socket(out, look, node->fd);
	if (joined)
		fprintf(out, ",\"task\":%" PRIu64, joined->id);
	if (node->object)
		fprintf(out, ",\"object\":\"0x%" PRIx64 "\"", node->object);
	if (node->granted)
		fputs(",\"granted\":true", out);
	fputs(",\"children\":[", out);
	for (const struct await_node *child = depth < DEPTH_MAX ? node->child : NULL; child;
	     child = child->sibling) {
		write_node(out, look, child, depth + 1);
		if (child->sibling)
			putc(',', out);
	}
	fputs("]}", out);
}

/* Nodes may nest deeper than the writer's documents. */
static void write_chain(struct json *j, const struct look *look, const struct await_task *chain)
{
	char *text = NULL;
	size_t size;
	FILE *out = chain && chain->root ? open_memstream(&text, &size) : NULL;

	if (out) {
		write_node(out, look, chain->root, 0);
		fclose(out);
		json_literal(j, "awaits", text);
		free(text);
	} else {
		json_null(j, "awaits");
	}
}

/* The chain is read again: it is not kept. */
static void write_awaits(struct json *j, const struct look *look, const struct found_task *task)
{
	struct await_task *chain = task->place ? chain_read(look->chains, task) : NULL;

	write_chain(j, look, chain);
	if (chain)
		awaits_task_free(chain);
}

static void write_mains(struct json *j, const struct look *look)
{
	json_array_begin(j, "main_futures");
	for (size_t i = 0; i < look->mains; i++) {
		json_object_begin(j, NULL);
		json_signed(j, "tid", look->main[i].tid);
		json_text(j, "future", look->main[i].chain->future);
		write_chain(j, look, look->main[i].chain);
		json_object_end(j);
	}
	json_array_end(j);
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
	write_awaits(j, look, task);
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
	write_mains(j, look);
	waits_json(j, look);
	json_object_begin(j, "unread");
	json_number(j, "gone", scan->gone);
	json_number(j, "doubtful", scan->doubtful);
	json_number(j, "too_many", scan->too_many);
	json_number(j, "bytes", scan->unseen);
	json_object_end(j);
	json_object_end(j);
	json_end(j);
}
