/* SPDX-License-Identifier: Apache-2.0 */
/* prometheus.c - metrics in Prometheus' text exposition format 0.0.4, for node_exporter's textfile collector, and in OpenMetrics 1.0.0.
 *
 * What is told of blockers is bounded: the top ones, of code and of waits for a CPU, have series of their own, the others one for each reason. Two of the
 * same labels would make a reader refuse the file, so blockers whose names become the same are added up. The target
 * is on every series: the collector reads the files of several services at once.
 */
#include <errno.h>
#include <inttypes.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "format/formats.h"
#include "judge/reasons.h"

#define S UINT64_C(1000000000)

struct series {
	enum reason reason;
	bool main_future;
	char *function, *task; /* valid UTF-8 */
	uint64_t count, total, delay;
	bool delay_known;
};

/* A number of each blocker. */
enum metric { COUNT, TIME, DELAY };

struct exposition {
	FILE *out;
	const struct model *model;
	char *target;
	struct series *series;
	size_t count;
	bool open; /* OpenMetrics */
};

/* Seconds, in digits, with a point in any locale. */
static void seconds(FILE *out, uint64_t ns)
{
	fprintf(out, "%" PRIu64 ".%09" PRIu64, ns / S, ns % S);
}

/* KEY="text": escapes quotes and backslashes; there are no newlines in it. */
static void label(FILE *out, const char *key, const char *text)
{
	fprintf(out, "%s=\"", key);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putc('\\', out);
		putc(*text, out);
	}
	putc('"', out);
}

static void head(const struct exposition *e, const char *name, const char *type, const char *help)
{
	/* In OpenMetrics a counter's name has no "_total", its value's name has. */
	size_t length = strlen(name), end = strlen("_total");
	bool total = e->open && length > end && !strcmp(name + length - end, "_total");
	int shown = (int)(total ? length - end : length);

	fprintf(e->out, "# HELP hud_trace_%.*s %s\n# TYPE hud_trace_%.*s %s\n", shown, name, help, shown,
		name, type);
}

/* Writes the name, in two parts, and the target; further labels and the closing brace follow. */
static void begin(const struct exposition *e, const char *name, const char *suffix)
{
	fprintf(e->out, "hud_trace_%s%s{", name, suffix);
	label(e->out, "target", e->target);
}

static void number(const struct exposition *e, const char *name, const char *type, const char *help,
		   uint64_t value)
{
	head(e, name, type, help);
	begin(e, name, "");
	fprintf(e->out, "} %" PRIu64 "\n", value);
}

static void time_value(const struct exposition *e, const char *name, const char *type, const char *help,
		       uint64_t ns)
{
	head(e, name, type, help);
	begin(e, name, "");
	fputs("} ", e->out);
	seconds(e->out, ns);
	putc('\n', e->out);
}

static void add_series(struct exposition *e, enum reason reason, const char *function, const char *task,
		       const struct blocker *b)
{
	struct series new = {.reason = reason,
			     .main_future = b->main_future,
			     .function = escape_utf8(function),
			     .task = escape_utf8(task)};
	size_t i = 0;

	while (i < e->count &&
	       (e->series[i].reason != reason || e->series[i].main_future != b->main_future ||
		strcmp(e->series[i].function, new.function) || strcmp(e->series[i].task, new.task)))
		i++;
	if (i == e->count) {
		e->series[e->count++] = new;
	} else {
		free(new.function);
		free(new.task);
	}
	e->series[i].count += b->count;
	e->series[i].total += b->total;
	e->series[i].delay += b->held_up.delay;
	e->series[i].delay_known |= b->held_up.known > 0;
}

/* One metric of all blockers, or of all waits for a CPU; for workers, or for main futures. */
static void blockers(const struct exposition *e, bool main_future, bool run_queue, enum metric metric,
		     const char *name, const char *help)
{
	head(e, name, "counter", help);
	for (size_t i = 0; i < e->count; i++) {
		const struct series *s = &e->series[i];

		if (s->main_future != main_future || judge_is_wait(s->reason) != run_queue ||
		    (metric == DELAY && !s->delay_known))
			continue;
		begin(e, name, "");
		putc(',', e->out);
		label(e->out, "function", s->function);
		if (!run_queue) {
			putc(',', e->out);
			label(e->out, "reason", reason_info(s->reason)->id);
		}
		putc(',', e->out);
		label(e->out, "task", s->task);
		fputs("} ", e->out);
		if (metric != COUNT)
			seconds(e->out, metric == TIME ? s->total : s->delay);
		else
			fprintf(e->out, "%" PRIu64, s->count);
		putc('\n', e->out);
	}
}

static bool delays_known(const struct exposition *e)
{
	for (size_t i = 0; i < e->count; i++)
		if (e->series[i].delay_known)
			return true;
	return false;
}

/* The distribution of the durations of all blocks, or of all waits for a CPU. */
static void distribution(const struct exposition *e, bool run_queue, const char *name, const char *help)
{
	const struct duration_buckets *buckets =
		run_queue ? &e->model->run_queue_buckets : &e->model->buckets;

	head(e, name, "histogram", help);
	for (unsigned i = 0; i < DURATION_BUCKETS_STEPS; i++) {
		begin(e, name, "_bucket");
		fprintf(e->out, ",le=\"%s\"} %" PRIu64 "\n", duration_buckets_step(i), buckets->upto[i]);
	}
	begin(e, name, "_bucket");
	fprintf(e->out, ",le=\"+Inf\"} %" PRIu64 "\n", buckets->count);
	begin(e, name, "_sum");
	fputs("} ", e->out);
	seconds(e->out, buckets->total);
	putc('\n', e->out);
	begin(e, name, "_count");
	fprintf(e->out, "} %" PRIu64 "\n", buckets->count);
}

static void of_the_trace(const struct exposition *e)
{
	const struct model *m = e->model;

	number(e, "workers", "gauge", "Tokio worker threads that were traced.",
	       m->workers - m->main_futures.threads + m->workers_left_out);
	time_value(e, "worker_seconds_total", "counter", "Time for which workers were traced, added up.",
		   m->worker_time);
	if (m->stalled.workers)
		time_value(e, "all_workers_blocked_seconds_total", "counter",
			   "Time in which all workers were in long polls at once: ready tasks waited.",
			   m->stalled.total);
	if (m->standstill.count)
		time_value(e, "driver_unpolled_seconds_total", "counter",
			   "Time in which no worker waited for I/O and timers, though one was idle.",
			   m->standstill.total);
	if (m->quota.name)
		time_value(e, "throttled_seconds_total", "counter",
			   "Time that the control group's CPU quota took, all CPUs together.", m->quota.time);
	time_value(e, "duration_seconds", "gauge", "How long the trace took.", m->end - m->start);
	if (m->target.clock_wall)
		time_value(e, "start_time_seconds", "gauge", "When the trace began, since 1970.",
			   m->target.clock_wall + (m->start - m->target.clock_boot));
	time_value(e, "threshold_seconds", "gauge", "From which duration on something is a block.",
		   m->target.threshold);
	number(e, "events_total", "counter", "Events that were traced.", m->events);
	number(e, "lost_events_total", "counter", "Events that were lost: the other numbers are too low.",
	       m->lost);
}

/* Begins the line of a runtime; its value follows. Two may have one name, so they are numbered. */
static void runtime_series(const struct exposition *e, const char *name, size_t runtime)
{
	char *text = escape_utf8(e->model->runtime[runtime].name);

	begin(e, name, "");
	fprintf(e->out, ",runtime=\"%zu\",", runtime + 1);
	label(e->out, "name", text);
	fputs("} ", e->out);
	free(text);
}

/* A gauge with a series for each runtime of which it is known. */
static void runtime_gauge(const struct exposition *e, const char *name, const char *help,
			  uint64_t value_of(const struct runtime_sum *))
{
	head(e, name, "gauge", help);
	for (size_t i = 0; i < e->model->runtimes; i++) {
		uint64_t value = value_of(&e->model->runtime[i]);

		if (value == UINT64_MAX)
			continue;
		runtime_series(e, name, i);
		fprintf(e->out, "%" PRIu64 "\n", value);
	}
}

/* What Tokio counted of all its workers. Returns false if it counts nothing. */
static bool worked(const struct runtime_sum *r, uint64_t *busy, uint64_t *parks)
{
	bool any = false;

	*busy = *parks = 0;
	for (size_t i = 0; i < r->workers_seen; i++) {
		any |= !r->worker[i].by_kernel && r->worker[i].time;
		*busy += r->worker[i].busy;
		*parks += r->worker[i].parks;
	}
	return any;
}

static void runtime_work(const struct exposition *e)
{
	static const char parks_name[] = "total_park_count_total",
			  busy_name[] = "total_busy_duration_seconds_total";
	uint64_t busy, parks;

	head(e, parks_name, "counter", "How often a runtime's workers parked while they were traced.");
	for (size_t i = 0; i < e->model->runtimes; i++)
		if (worked(&e->model->runtime[i], &busy, &parks)) {
			runtime_series(e, parks_name, i);
			fprintf(e->out, "%" PRIu64 "\n", parks);
		}
	head(e, busy_name, "counter", "Time in which a runtime's workers were not parked, added up.");
	for (size_t i = 0; i < e->model->runtimes; i++)
		if (worked(&e->model->runtime[i], &busy, &parks)) {
			runtime_series(e, busy_name, i);
			seconds(e->out, busy);
			putc('\n', e->out);
		}
}

static uint64_t workers_count(const struct runtime_sum *r)
{
	return r->workers;
}

static uint64_t live_tasks(const struct runtime_sum *r)
{
	return r->number[RUNTIME_TASKS].latest;
}

static uint64_t global_queue(const struct runtime_sum *r)
{
	return r->number[RUNTIME_INJECTED].latest;
}

static uint64_t local_queues(const struct runtime_sum *r)
{
	return r->number[RUNTIME_QUEUED].latest;
}

/* The workers of a multi-thread runtime are threads of its pool, and Tokio does not count them here (num_blocking_threads
 * of runtime/scheduler/multi_thread/handle/metrics.rs, 1.24 to 1.53). */
static uint64_t blocking_threads(const struct runtime_sum *r)
{
	uint64_t threads = r->number[RUNTIME_THREADS].latest;

	if (threads == UINT64_MAX || !r->multi_thread)
		return threads;
	return threads > r->workers ? threads - r->workers : 0;
}

static uint64_t idle_blocking_threads(const struct runtime_sum *r)
{
	return r->number[RUNTIME_UNUSED].latest;
}

static uint64_t blocking_queue(const struct runtime_sum *r)
{
	return r->number[RUNTIME_JOBS].latest;
}

/* Under the names that tokio-metrics has for them. */
static void runtimes(const struct exposition *e)
{
	if (!e->model->runtimes)
		return;
	runtime_gauge(e, "workers_count", "Worker threads of a runtime.", workers_count);
	runtime_gauge(e, "live_tasks_count", "Tasks of a runtime that have not ended.", live_tasks);
	runtime_gauge(e, "global_queue_depth", "Tasks in a runtime's injection queue.", global_queue);
	runtime_gauge(e, "total_local_queue_depth", "Tasks in the queues of a runtime's workers.",
		      local_queues);
	runtime_gauge(e, "blocking_threads_count", "Threads of a runtime's blocking pool, without workers.",
		      blocking_threads);
	runtime_gauge(e, "idle_blocking_threads_count", "Of these, threads without a job.",
		      idle_blocking_threads);
	runtime_gauge(e, "blocking_queue_depth", "Jobs that wait for a thread of the blocking pool.",
		      blocking_queue);
	runtime_work(e);
}

/* The same for threads that poll block_on's future, which are no workers. */
static void main_futures(const struct exposition *e)
{
	number(e, "main_futures", "gauge", "Threads that poll the main future of a runtime.",
	       e->model->main_futures.threads);
	time_value(e, "main_future_traced_seconds_total", "counter",
		   "Time for which main futures were traced, added up.", e->model->main_futures.time);
	blockers(e, true, false, TIME, "main_future_blocked_seconds_total",
		 "Time for which code blocked a main future.");
	blockers(e, true, false, COUNT, "main_future_blocks_total", "How often code blocked a main future.");
	blockers(e, true, true, TIME, "main_future_run_queue_seconds_total",
		 "Time for which main futures were ready but had no CPU.");
	blockers(e, true, true, COUNT, "main_future_run_queue_waits_total",
		 "How often a main future was ready but had no CPU.");
}

static int expose(FILE *out, const struct model *m, const struct report_options *options, bool open)
{
	size_t top = options->top ? options->top : 10;
	const char *name = m->target.name ? m->target.name : m->target.exe;
	struct exposition e = {.out = out, .model = m, .target = escape_utf8(name), .open = open};

	errno = 0;
	e.series = xcalloc(2 * top + 2 * REASON_COUNT, sizeof(*e.series));
	for (size_t i = 0; i < m->blockers; i++) {
		const struct blocker *b = &m->blocker[i];
		bool waits = i >= m->ranked;

		if (i - (waits ? m->ranked : 0) < top)
			add_series(&e, b->reason, b->function, b->task, b);
		else
			add_series(&e, b->reason, "(others)", NULL, b);
	}
	blockers(&e, false, false, TIME, "blocked_seconds_total",
		 "Time for which code blocked Tokio workers.");
	blockers(&e, false, false, COUNT, "blocks_total", "How often code blocked a Tokio worker.");
	if (delays_known(&e))
		blockers(&e, false, false, DELAY, "task_delay_seconds_total",
			 "Time of blocks x ready tasks in the queue of the blocked worker, as far as these "
			 "were "
			 "looked at.");
	blockers(&e, false, true, TIME, "run_queue_seconds_total",
		 "Time for which Tokio workers were ready but had no CPU.");
	blockers(&e, false, true, COUNT, "run_queue_waits_total",
		 "How often a Tokio worker was ready but had no CPU.");
	distribution(&e, false, "block_duration_seconds", "How long blocks took.");
	distribution(&e, true, "run_queue_wait_duration_seconds", "How long waits for a CPU took.");
	if (m->main_futures.threads)
		main_futures(&e);
	of_the_trace(&e);
	runtimes(&e);
	if (open)
		fputs("# EOF\n", out);
	for (size_t i = 0; i < e.count; i++) {
		free(e.series[i].function);
		free(e.series[i].task);
	}
	free(e.series);
	free(e.target);
	return fflush(out) != 0 || ferror(out) ? -1 : 0;
}

int format_prometheus(FILE *out, const struct model *m, const struct report_options *options)
{
	return expose(out, m, options, false);
}

int format_openmetrics(FILE *out, const struct model *m, const struct report_options *options)
{
	return expose(out, m, options, true);
}
