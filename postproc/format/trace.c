/* SPDX-License-Identifier: Apache-2.0 */
/* trace.c - Chrome's Trace Event Format (JSON), for Perfetto and chrome://tracing: a lane for each worker, a
 * complete event ("X") for each block.
 *
 * Two rules take work ("Trace Event Format", Google, 2016; Perfetto's importer, src/trace_processor, v56).
 * Complete events of a thread must nest or not overlap, or Perfetto drops one
 * (SliceTracker::MaybeCloseStack). And times are microseconds, which it multiplies by 1000 as doubles and
 * truncates (json_utils CoerceToTs).
 */
#include <inttypes.h>
#include <stdlib.h>

#include <libiberty/libiberty.h>

#include "base/escape.h"
#include "base/grow.h"
#include "format/formats.h"
#include "format/json-writer.h"
#include "judge/reasons.h"
#include "report/source-path.h"

#define LANES 8		     /* of a worker at most: one, unless blocks overlap */
#define NO_THREAD (1L << 22) /* above all thread ids: PID_MAX_LIMIT in linux/threads.h */

/* End times of the open blocks in a lane, the innermost last. */
struct lane {
	uint64_t *end;
	size_t depth, allocated;
	bool named;
};

struct trace {
	struct json *j;
	const struct model *m;
	uint64_t zero; /* times are relative to this */
	long pid;
	struct lane lane[LANES]; /* of the current worker */
};

static int by_worker(const void *one, const void *two)
{
	const struct span *a = *(const struct span *const *)one, *b = *(const struct span *const *)two;

	if (a->worker != b->worker)
		return a->worker < b->worker ? -1 : 1;
	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	/* The outer one first. */
	return (a->duration < b->duration) - (a->duration > b->duration);
}

/* Does `s` fit into the lane: inside its open blocks, or after them? */
static bool fits(struct lane *lane, const struct span *s)
{
	while (lane->depth && lane->end[lane->depth - 1] <= s->start)
		lane->depth--;
	return !lane->depth || s->start + s->duration <= lane->end[lane->depth - 1];
}

/* The lane for `s`: the worker's own, or another below it if blocks overlap, as estimated ones and waits for
 * a CPU may. */
static size_t lane_for(struct trace *t, const struct span *s)
{
	size_t i = 0;

	while (i < LANES - 1 && !fits(&t->lane[i], s))
		i++;
	struct lane *lane = &t->lane[i];

	GROW(lane->end, lane->allocated, lane->depth + 1);
	lane->end[lane->depth++] = s->start + s->duration;
	return i;
}

static long lane_tid(const struct trace *t, size_t worker, size_t lane)
{
	return lane ? NO_THREAD + (long)(worker * LANES + lane) : t->m->worker[worker].tid;
}

/* Begins a metadata event: a name or position, whose only argument follows. */
static void metadata(struct trace *t, const char *name, long tid)
{
	json_object_begin(t->j, NULL);
	json_text(t->j, "ph", "M");
	json_text(t->j, "name", name);
	json_signed(t->j, "pid", t->pid);
	json_signed(t->j, "tid", tid);
	json_object_begin(t->j, "args");
}

static void metadata_end(struct trace *t)
{
	json_object_end(t->j);
	json_object_end(t->j);
}

static void name_lane(struct trace *t, size_t worker, size_t lane)
{
	const char *comm = t->m->worker[worker].comm;
	const char *role = t->m->worker[worker].role == ROLE_MAIN_FUTURE ? " (main future)" : "";
	char *name = text_format("%s%s%s", comm, role, lane ? ", overlapping" : "");
	long tid = lane_tid(t, worker, lane);

	metadata(t, "thread_name", tid);
	json_text(t->j, "name", name);
	metadata_end(t);
	metadata(t, "thread_sort_index", tid);
	json_number(t->j, "sort_index", worker * LANES + lane);
	metadata_end(t);
	free(name);
}

/* Nanoseconds as microseconds. The additional last digit compensates truncation: a reader would read 0.029 as
 * 28 ns. */
static void microseconds(struct json *j, const char *key, uint64_t ns)
{
	char text[32];

	if (ns % 1000)
		snprintf(text, sizeof(text), "%" PRIu64 ".%03u2", ns / 1000, (unsigned)(ns % 1000));
	else
		snprintf(text, sizeof(text), "%" PRIu64, ns / 1000);
	json_literal(j, key, text);
}

/* The task's frames, leaf first. */
static void stack(struct json *j, const struct verdict *v)
{
	json_array_begin(j, "stack");
	for (size_t i = 0; v && i < v->count && i <= v->poll; i++) {
		char *name = place_name(v->frame[i], false);
		char *where = place_text(NULL, v->frame[i]->file, v->frame[i]->line);
		char *line = *where ? concat(name, " ", where, NULL) : xstrdup(name);

		json_text(j, NULL, line);
		free(line);
		free(where);
		free(name);
	}
	json_array_end(j);
}

static void peer(struct json *j, const struct span *s)
{
	const struct peer *p = &s->peer;
	char *text;

	if (!p->comm)
		return;
	if (p->tid == 0) {
		text = xstrdup(reason_nobody(s->reason, p->comm));
	} else if (p->stack && p->stack->count) {
		char *name = place_name(p->stack->frame[p->stack->blame], false);

		text = text_format("%s (process %ld, thread %ld) in %s", p->comm, p->pid, p->tid, name);
		free(name);
	} else {
		text = text_format("%s (process %ld, thread %ld)", p->comm, p->pid, p->tid);
	}
	json_text(j, judge_is_wait(s->reason) ? "culprit" : "waker", text);
	free(text);
}

static void event(struct trace *t, const struct span *s)
{
	size_t lane = lane_for(t, s);
	struct json *j = t->j;

	if (lane && !t->lane[lane].named) {
		name_lane(t, s->worker, lane);
		t->lane[lane].named = true;
	}
	json_object_begin(j, NULL);
	json_text(j, "ph", "X");
	json_text(j, "name", s->blocker->function);
	json_text(j, "cat", reason_info(s->reason)->id);
	json_signed(j, "pid", t->pid);
	json_signed(j, "tid", lane_tid(t, s->worker, lane));
	microseconds(j, "ts", s->start - t->zero);
	microseconds(j, "dur", s->duration);
	json_object_begin(j, "args");
	json_text(j, "reason", reason_info(s->reason)->word);
	json_number(j, "duration_ns", s->duration);
	json_boolean(j, "estimated", s->blocker->estimated);
	if (s->blocker->task)
		json_text(j, "task", s->blocker->task);
	peer(j, s);
	stack(j, s->stack);
	json_object_end(j);
	json_object_end(j);
}

static void events(struct trace *t)
{
	const struct model *m = t->m;
	const struct span **span = xcalloc(m->spans + 1, sizeof(*span));

	for (size_t i = 0; i < m->spans; i++)
		span[i] = &m->span[i];
	if (m->spans)
		qsort(span, m->spans, sizeof(*span), by_worker);
	for (size_t i = 0; i < m->spans; i++) {
		if (i && span[i]->worker != span[i - 1]->worker)
			for (size_t k = 0; k < LANES; k++)
				t->lane[k].depth = 0, t->lane[k].named = false;
		event(t, span[i]);
	}
	for (size_t k = 0; k < LANES; k++)
		free(t->lane[k].end);
	free(span);
}

/* General facts about the trace. */
static void about(struct trace *t)
{
	const struct model *m = t->m;

	json_object_begin(t->j, "otherData");
	json_text(t->j, "producer", "hud-trace");
	json_text(t->j, "target", m->target.name);
	json_text(t->j, "exe", m->target.exe);
	json_text(t->j, "build_id", m->target.build_id);
	json_number(t->j, "threshold_ns", m->target.threshold);
	json_number(t->j, "blocked_ns", m->blocked);
	json_number(t->j, "run_queue_ns", m->run_queue);
	json_number(t->j, "lost_events", m->lost);
	json_text(t->j, "clock", "CLOCK_BOOTTIME");
	json_number(t->j, "zero_ns", t->zero);
	json_object_end(t->j);
}

int format_trace(FILE *out, const struct model *m, const struct report_options *options)
{
	struct trace t = {.j = json_begin(out, false), .m = m, .zero = m->start, .pid = m->target.pid};

	(void)options;
	/* A block may have begun before the trace; no time may be negative. */
	for (size_t i = 0; i < m->spans; i++)
		if (m->span[i].start < t.zero)
			t.zero = m->span[i].start;
	json_object_begin(t.j, NULL);
	json_text(t.j, "displayTimeUnit", "ms");
	about(&t);
	json_array_begin(t.j, "traceEvents");
	metadata(&t, "process_name", t.pid);
	json_text(t.j, "name", m->target.name ? m->target.name : m->target.exe ? m->target.exe : "?");
	metadata_end(&t);
	for (size_t i = 0; i < m->workers; i++)
		name_lane(&t, i, 0);
	events(&t);
	json_array_end(t.j);
	json_object_end(t.j);
	return json_end(t.j);
}
