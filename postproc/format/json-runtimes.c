/* SPDX-License-Identifier: Apache-2.0 */
/* json-runtimes.c - what the runtimes said of themselves, in the JSON formats (json-parts.h). */
#include <stdlib.h>

#include "format/json-parts.h"
#include "judge/reasons.h"
#include "report/source-path.h"

/* null if it was never known */
static void number(struct json *j, const char *key, const struct runtime_number *n)
{
	if (!n->values.count) {
		json_null(j, key);
		return;
	}
	json_object_begin(j, key);
	if (n->latest == UINT64_MAX)
		json_null(j, "latest");
	else
		json_number(j, "latest", n->latest);
	json_number(j, "p50", histogram_quantile(&n->values, 0.5));
	json_number(j, "max", n->values.max);
	json_object_end(j);
}

static void worker(struct json *j, const struct runtime_worker *w)
{
	json_object_begin(j, NULL);
	json_number(j, "index", w->index);
	if (w->tid)
		json_signed(j, "tid", w->tid);
	else
		json_null(j, "tid");
	json_text(j, "counted_by", w->by_kernel ? "kernel" : "tokio");
	json_number(j, "time_ns", w->time);
	json_number(j, "busy_ns", w->busy);
	json_number(j, "parks", w->parks);
	json_object_end(j);
}

/* Without a stack's id: it is no block's. */
static void stand(struct json *j, const struct pool_stand *s)
{
	const struct frame *f = s->stack->count ? s->stack->frame[s->stack->blame] : NULL;
	char *function = f ? place_name(f, false) : NULL;

	json_object_begin(j, NULL);
	json_number(j, "threads", s->threads);
	json_number(j, "waiting_for_jobs", s->waiting);
	json_text(j, "reason", reason_info(s->reason)->id);
	json_text(j, "function", function);
	json_text(j, "file", f ? f->file : NULL);
	if (f && f->file && f->line)
		json_number(j, "line", f->line);
	else
		json_null(j, "line");
	json_object_end(j);
	free(function);
}

static void runtime(struct json *j, const struct runtime_sum *r)
{
	static const char *const keys[RUNTIME_NUMBERS] = {
		[RUNTIME_TASKS] = "tasks",	    [RUNTIME_INJECTED] = "injected",
		[RUNTIME_QUEUED] = "queued",	    [RUNTIME_IDLE] = "idle_workers",
		[RUNTIME_THREADS] = "pool_threads", [RUNTIME_UNUSED] = "pool_idle",
		[RUNTIME_JOBS] = "pool_jobs",	    [RUNTIME_CAP] = "pool_cap"};

	json_object_begin(j, NULL);
	json_text(j, "name", r->name);
	json_text(j, "flavour", r->multi_thread ? "multi-thread" : "current-thread");
	json_number(j, "workers", r->workers);
	json_number(j, "looks", r->looks);
	for (size_t i = 0; i < RUNTIME_NUMBERS; i++)
		number(j, keys[i], &r->number[i]);
	json_number(j, "pool_full_ns", r->pool_full);
	json_number(j, "pool_short_ns", r->pool_short);
	json_number(j, "pool_none_ns", r->pool_none);
	json_number(j, "most_jobs_waiting", r->jobs_waiting);
	json_number(j, "injection_grew_looks", r->grew);
	json_number(j, "one_busy_looks", r->alone);
	json_array_begin(j, "pool_stands");
	for (size_t i = 0; i < r->stands.count; i++)
		stand(j, &r->stands.stand[i]);
	json_array_end(j);
	json_array_begin(j, "worked");
	for (size_t i = 0; i < r->workers_seen; i++)
		worker(j, &r->worker[i]);
	json_array_end(j);
	json_object_end(j);
}

void json_runtimes(struct json *j, const struct model *m)
{
	json_array_begin(j, "runtimes");
	for (size_t i = 0; i < m->runtimes; i++)
		runtime(j, &m->runtime[i]);
	json_array_end(j);
}
