/* SPDX-License-Identifier: Apache-2.0 */
/* json-parts.c - see json-parts.h. */
#include "format/json-parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <libiberty/libiberty.h>

#include "judge/reasons.h"
#include "report/source-path.h"
#include "resolve/symbolize/origin.h"
#include "tally/blockers.h"
#include "tokio/role.h"

static void target(struct json *j, const struct model *m)
{
	const struct target *t = &m->target;

	json_object_begin(j, "target");
	json_text(j, "name", t->name);
	json_signed(j, "pid", t->pid);
	json_text(j, "exe", t->exe);
	json_text(j, "build_id", t->build_id);
	json_text(j, "kernel", t->kernel);
	json_text(j, "bpftrace", t->bpftrace);
	json_text(j, "stacks", t->stacks);
	json_text(j, "workers", t->workers_how);
	json_text(j, "polls", t->polls);
	json_number(j, "threshold_ns", t->threshold);
	json_number(j, "hz", t->hz);
	json_object_end(j);
}

/* A time relative to the trace's start. */
static int64_t since_start(const struct model *m, uint64_t ns)
{
	return (int64_t)(ns - m->start);
}

/* The start of the trace by the wall clock (RFC 3339); null if the stream did not tell. */
static void start_time(struct json *j, const struct model *m)
{
	uint64_t wall = m->target.clock_wall + (m->start - m->target.clock_boot);
	time_t seconds = (time_t)(wall / 1000000000);
	char second[64], text[96];
	struct tm utc;

	if (!m->target.clock_wall || !gmtime_r(&seconds, &utc) ||
	    !strftime(second, sizeof(second), "%Y-%m-%dT%H:%M:%S", &utc)) {
		json_null(j, "start_time");
		return;
	}
	snprintf(text, sizeof(text), "%s.%09uZ", second, (unsigned)(wall % 1000000000));
	json_text(j, "start_time", text);
}

static void trace(struct json *j, const struct model *m)
{
	json_object_begin(j, "trace");
	json_number(j, "start_ns", m->start);
	start_time(j, m);
	json_number(j, "duration_ns", m->end > m->start ? m->end - m->start : 0);
	json_text(j, "ended", m->ended);
	json_boolean(j, "truncated", m->truncated);
	if (m->estimated_from)
		json_signed(j, "estimated_from_ns", since_start(m, m->estimated_from));
	else
		json_null(j, "estimated_from_ns");
	json_number(j, "unseen_ns", m->unseen);
	json_number(j, "events", m->events);
	json_number(j, "lost", m->lost);
	json_number(j, "unknown_lines", m->unknown_lines);
	json_number(j, "bad_lines", m->bad_lines);
	json_number(j, "stacks", m->stacks);
	json_number(j, "stacks_cut", m->stacks_cut);
	json_number(j, "stacks_missing", m->stacks_missing);
	json_number(j, "stacks_skipped", m->stacks_skipped);
	json_number(j, "stacks_torn", m->stacks_torn);
	json_number(j, "registers_strange", m->registers_strange);
	json_number(j, "events_counted", m->events_counted);
	json_number(j, "counted_ns", m->counted);
	json_number(j, "polls_counted", m->polls_counted);
	json_number(j, "polls_counted_ns", m->polls_counted_ns);
	if (m->thinned)
		json_signed(j, "thinned_from_ns", since_start(m, m->thinned));
	else
		json_null(j, "thinned_from_ns");
	json_array_begin(j, "lacking");
	for (size_t i = 0; i < m->lackings && i < LACKING_SHOWN; i++) {
		json_object_begin(j, NULL);
		json_text(j, "path", m->lacking[i].path);
		json_text(j, "why", m->lacking[i].why);
		json_object_end(j);
	}
	json_array_end(j);
	json_object_end(j);
}

void json_head(struct json *j, const char *type, const struct model *m)
{
	json_text(j, "type", type);
	json_text(j, "format", "hud-trace");
	json_number(j, "version", JSON_VERSION);
	target(j, m);
	trace(j, m);
}

void json_histogram(struct json *j, const char *key, const struct histogram *h)
{
	static const struct {
		const char *key;
		double share;
	} quantiles[] = {{"p50_ns", 0.5}, {"p90_ns", 0.9}, {"p99_ns", 0.99}, {"p999_ns", 0.999}};

	json_object_begin(j, key);
	json_number(j, "count", h->count);
	json_number(j, "max_ns", h->max);
	for (size_t i = 0; i < sizeof(quantiles) / sizeof(*quantiles); i++)
		json_number(j, quantiles[i].key, histogram_quantile(h, quantiles[i].share));
	json_object_end(j);
}

static void workers(struct json *j, const struct model *m)
{
	json_array_begin(j, "workers");
	for (size_t i = 0; i < m->workers; i++) {
		const struct worker *w = &m->worker[i];

		json_object_begin(j, NULL);
		json_signed(j, "tid", w->tid);
		json_text(j, "name", w->comm);
		json_text(j, "role", role_name(w->role));
		json_signed(j, "first_ns", since_start(m, w->first));
		json_signed(j, "last_ns", since_start(m, w->last));
		json_number(j, "blocks", w->blocks);
		json_number(j, "blocked_ns", w->blocked);
		json_number(j, "longest_ns", w->longest);
		json_number(j, "run_queue_ns", w->run_queue);
		json_object_end(j);
	}
	json_array_end(j);
}

/* null if not known */
static void all_blocked(struct json *j, const struct model *m)
{
	if (!m->stalled.workers) {
		json_null(j, "all_blocked");
		return;
	}
	json_object_begin(j, "all_blocked");
	json_number(j, "workers", m->stalled.workers);
	json_number(j, "total_ns", m->stalled.total);
	json_number(j, "count", m->stalled.count);
	json_number(j, "max_ns", m->stalled.longest);
	json_number(j, "mean_wait_ns", m->stalled.mean_wait);
	json_object_end(j);
}

/* null if there was none */
static void standstill(struct json *j, const struct standstill *s)
{
	if (!s->count || !s->blocker) {
		json_null(j, "driver_unpolled");
		return;
	}
	json_object_begin(j, "driver_unpolled");
	json_number(j, "total_ns", s->total);
	json_number(j, "count", s->count);
	json_number(j, "max_ns", s->longest);
	json_signed(j, "tid", s->tid);
	json_text(j, "function", s->blocker->function);
	json_object_end(j);
}

/* null if there is no quota */
static void quota(struct json *j, const struct quota *q)
{
	if (!q->name) {
		json_null(j, "cpu_quota");
		return;
	}
	json_object_begin(j, "cpu_quota");
	json_text(j, "control_group", q->name);
	json_number(j, "quota_ns", q->quota * 1000);
	json_number(j, "period_ns", q->period * 1000);
	json_number(j, "periods", q->periods);
	json_number(j, "throttled_periods", q->throttled);
	json_number(j, "throttled_ns", q->time);
	json_object_end(j);
}

static void in_place(struct json *j, const struct model *m)
{
	json_array_begin(j, "in_block_in_place");
	for (size_t i = 0; i < m->in_places; i++) {
		json_object_begin(j, NULL);
		json_number(j, "threads", m->in_place[i].threads);
		json_text(j, "place", m->in_place[i].where);
		json_object_end(j);
	}
	json_array_end(j);
}

/* What was counted of a task by duration, `all` together; null if nothing was. */
static void by_class(struct json *j, const char *key, uint64_t all, const uint64_t *count)
{
	if (!all) {
		json_null(j, key);
		return;
	}
	json_array_begin(j, key);
	for (size_t i = 0; i < TASK_CLASSES; i++) {
		json_object_begin(j, NULL);
		if (i < TASK_CLASSES - 1)
			json_number(j, "below_ns", task_class[i]);
		else
			json_null(j, "below_ns");
		json_number(j, "count", count[i]);
		json_object_end(j);
	}
	json_array_end(j);
}

/* Null where the stream does not tell. */
static void shorter(struct json *j, const struct shorter *s)
{
	if (!s->least) {
		json_null(j, "shorter_polls");
		return;
	}
	json_object_begin(j, "shorter_polls");
	json_number(j, "from_ns", s->least);
	json_number(j, "estimated_ns", s->time);
	json_number(j, "unsure_ns", s->unsure);
	json_object_end(j);
}

static void tasks(struct json *j, const struct model *m)
{
	json_array_begin(j, "tasks");
	for (size_t i = 0; i < m->tasks; i++) {
		json_object_begin(j, NULL);
		json_text(j, "task", m->task[i].name);
		json_number(j, "total_ns", m->task[i].total);
		json_histogram(j, "long_polls", &m->task[i].durations);
		by_class(j, "polls", m->task[i].polls, m->task[i].took);
		by_class(j, "waits", m->task[i].waits, m->task[i].waited);
		json_object_end(j);
	}
	json_array_end(j);
}

static void main_futures(struct json *j, const struct main_futures *sum)
{
	if (!sum->threads) {
		json_null(j, "main_futures");
		return;
	}
	json_object_begin(j, "main_futures");
	json_number(j, "threads", sum->threads);
	json_number(j, "time_ns", sum->time);
	json_number(j, "blocked_ns", sum->blocked);
	json_number(j, "blocks", sum->blocks);
	json_number(j, "longest_ns", sum->longest);
	json_number(j, "run_queue_ns", sum->run_queue);
	json_object_end(j);
}

void json_summary(struct json *j, const struct model *m)
{
	json_object_begin(j, "summary");
	json_number(j, "worker_time_ns", m->worker_time);
	json_number(j, "blocked_ns", m->blocked);
	json_number(j, "run_queue_ns", m->run_queue);
	json_number(j, "long_polls", m->polls);
	json_number(j, "longest_poll_ns", m->longest_poll);
	json_number(j, "stopped_ns", m->stopped);
	json_number(j, "stops", m->stops);
	json_number(j, "parks_dropped", m->parks);
	json_number(j, "other_roles_dropped", m->other_role);
	all_blocked(j, m);
	shorter(j, &m->shorter);
	standstill(j, &m->standstill);
	quota(j, &m->quota);
	json_number(j, "steal_ns", m->steal);
	main_futures(j, &m->main_futures);
	in_place(j, m);
	json_histogram(j, "blocks", &m->blocks);
	json_histogram(j, "run_queue_waits", &m->run_queue_waits);
	json_object_end(j);
	workers(j, m);
	tasks(j, m);
	json_runtimes(j, m);
}

/* null if the source file is not known */
static void line(struct json *j, unsigned line)
{
	if (line)
		json_number(j, "line", line);
	else
		json_null(j, "line");
}

void json_blocker(struct json *j, enum reason reason, const struct blocker *b)
{
	json_text(j, "reason", reason_info(reason)->id);
	json_text(j, "function", b->function);
	json_text(j, "file", b->file);
	line(j, b->line);
	json_text(j, "task", b->task);
}

static void frame(struct json *j, const struct frame *f)
{
	char *name = place_name(f, false);

	json_object_begin(j, NULL);
	json_text(j, "name", name);
	json_text(j, "function", f->function);
	json_text(j, "file", f->file);
	line(j, f->line);
	json_text(j, "module", f->module);
	json_number(j, "offset", f->offset);
	json_text(j, "origin", origin_name(f->origin));
	json_boolean(j, "inlined", f->inlined);
	json_boolean(j, "tail_call", f->tail_call);
	json_object_end(j);
	free(name);
}

/* A frame's index in its stack, or null. */
static void place(struct json *j, const char *key, const struct verdict *v, size_t index)
{
	if (index < v->count)
		json_number(j, key, index);
	else
		json_null(j, key);
}

void json_stack(struct json *j, const char *type, const struct verdict *v)
{
	json_object_begin(j, NULL);
	if (type)
		json_text(j, "type", type);
	json_number(j, "id", v->id);
	json_text(j, "role", role_name(v->role));
	json_text(j, "task", v->task);
	json_boolean(j, "in_poll", v->in_poll);
	json_boolean(j, "cut", v->cut);
	place(j, "blame", v, v->blame);
	place(j, "poll", v, v->poll);
	json_array_begin(j, "frames");
	for (size_t i = 0; i < v->count; i++)
		frame(j, v->frame[i]);
	json_array_end(j);
	json_object_end(j);
}

void json_stack_id(struct json *j, const char *key, const struct verdict *v)
{
	if (v)
		json_number(j, key, v->id);
	else
		json_null(j, key);
}

void json_peer(struct json *j, const char *key, enum reason reason, const struct peer *p)
{
	if (!p->comm) {
		json_null(j, key);
		return;
	}
	json_object_begin(j, key);
	json_text(j, "role", judge_is_wait(reason) ? "culprit" : "waker");
	json_text(j, "name", p->comm);
	json_signed(j, "pid", p->pid);
	json_signed(j, "tid", p->tid);
	json_boolean(j, "same_process", p->same_process);
	json_stack_id(j, "stack", p->stack);
	if (p->count) {
		json_number(j, "count", p->count);
		json_number(j, "total_ns", p->total);
	}
	json_object_end(j);
}

void json_held(struct json *j, const struct held *held)
{
	char *function = blockers_name(held->stack);

	json_object_begin(j, NULL);
	json_text(j, "reason", reason_info(held->reason)->id);
	json_text(j, "function", function);
	json_text(j, "syscall", held->syscall && *held->syscall ? held->syscall : NULL);
	json_stack_id(j, "stack", held->stack);
	json_number(j, "count", held->count);
	json_number(j, "total_ns", held->total);
	json_object_end(j);
	free(function);
}

static int by_id(const void *one, const void *two)
{
	uint32_t a = (*(const struct verdict *const *)one)->id, b = (*(const struct verdict *const *)two)->id;

	return (a > b) - (a < b);
}

const struct verdict **json_stacks(const struct model *m, bool blocks, size_t *count)
{
	size_t shares = blocks ? 0 : m->shares, spans = blocks ? m->spans : 0;
	size_t most = shares + 2 * spans + (1 + PEERS_SHOWN + HELD_SHOWN) * m->blockers, n = 0, distinct = 0;
	const struct verdict **stack = xcalloc(most + 1, sizeof(*stack));

	for (size_t i = 0; i < shares; i++)
		stack[n++] = m->share[i].stack;
	for (size_t i = 0; i < spans; i++) {
		stack[n++] = m->span[i].stack;
		stack[n++] = m->span[i].peer.stack;
	}
	for (size_t i = 0; i < m->blockers; i++) {
		stack[n++] = m->blocker[i].stack;
		for (size_t k = 0; k < m->blocker[i].peers; k++)
			stack[n++] = m->blocker[i].peer[k].stack;
		for (size_t k = 0; k < m->blocker[i].helds; k++)
			stack[n++] = m->blocker[i].held[k].stack;
	}
	most = n;
	n = 0;
	for (size_t i = 0; i < most; i++)
		if (stack[i])
			stack[n++] = stack[i];
	if (n)
		qsort(stack, n, sizeof(*stack), by_id);
	for (size_t i = 0; i < n; i++)
		if (!distinct || stack[distinct - 1] != stack[i])
			stack[distinct++] = stack[i];
	*count = distinct;
	return stack;
}
