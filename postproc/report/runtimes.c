/* SPDX-License-Identifier: Apache-2.0 */
/* runtimes.c - what the runtimes said of themselves: a row each, and a sentence where something is wrong. */
#include <inttypes.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>

#include "base/escape.h"
#include "base/units.h"
#include "report/parts.h"

#define NAME_COLUMN 4
#define NUMBERS_COLUMN 22
#define ALONE_FOR 3 /* looks in a row in which one worker alone was busy */
#define GREW_FOR 5  /* looks in a row, a second apart, in which a queue only grew */

/* What it is called; the caller frees it. */
static char *name_of(const struct runtime_sum *r)
{
	return r->name ? xstrdup(r->name) : xstrdup(r->multi_thread ? "multi-thread" : "current-thread");
}

/* "median/worst", or - */
static void range(struct page *page, size_t columns, const struct runtime_number *number)
{
	char median[UNIT_SIZE], worst[UNIT_SIZE];
	char *text =
		number->values.count
			? text_format("%s/%s", unit_count(median, histogram_quantile(&number->values, 0.5)),
				      unit_count(worst, number->values.max))
			: xstrdup("-");

	page_right(page, STYLE_PLAIN, columns, text);
	free(text);
}

static void row(struct page *page, const struct runtime_sum *r)
{
	char *name = name_of(r), text[UNIT_SIZE];

	page_to(page, NAME_COLUMN);
	page_fit(page, STYLE_PLAIN, NUMBERS_COLUMN - NAME_COLUMN - 1, text_shorten, name);
	page_to(page, NUMBERS_COLUMN);
	page_right(page, STYLE_PLAIN, 8, unit_count(text, r->workers));
	range(page, 12, &r->number[RUNTIME_TASKS]);
	range(page, 11, &r->number[RUNTIME_INJECTED]);
	range(page, 11, &r->number[RUNTIME_QUEUED]);
	range(page, 14, &r->number[RUNTIME_JOBS]);
	page_end(page);
	free(name);
}

/* "12.4%" of the time between looks */
static char *busy(char *text, const struct runtime_worker *w)
{
	return unit_share(text, w->busy, w->time);
}

/* `each` added up, in a second of `time` (ns): "3,400" */
static char *in_a_second(char *text, uint64_t each, uint64_t time)
{
	return unit_count(text, time ? (uint64_t)((double)each * 1e9 / (double)time + 0.5) : 0);
}

static int by_busy(const void *a, const void *b)
{
	const struct runtime_worker *x = a, *y = b;
	double one = (double)x->busy / (double)x->time, two = (double)y->busy / (double)y->time;

	return one < two ? 1 : one > two ? -1 : x->index < y->index ? -1 : x->index > y->index;
}

/* "worker 1 (thread 4711)"; the caller frees it. */
static char *worker_name(const struct runtime_worker *w)
{
	return w->tid ? text_format("worker %" PRIu64 " (thread %ld)", w->index, w->tid)
		      : text_format("worker %" PRIu64, w->index);
}

/* The workers that were seen to work for some time, the busiest first; the caller frees them. */
static struct runtime_worker *busiest_first(const struct runtime_sum *r, size_t *count)
{
	struct runtime_worker *worker = xcalloc(r->workers_seen + 1, sizeof(*worker));

	*count = 0;
	for (size_t i = 0; i < r->workers_seen; i++)
		if (r->worker[i].time)
			worker[(*count)++] = r->worker[i];
	qsort(worker, *count, sizeof(*worker), by_busy);
	return worker;
}

/* How busy the workers were, all together and the busiest; with --verbose, each. */
static void workers(struct page *page, const struct runtime_sum *r, bool each)
{
	struct runtime_worker all = {0}, *worker;
	char share[UNIT_SIZE], parks[UNIT_SIZE];
	size_t count;

	worker = busiest_first(r, &count);
	for (size_t i = 0; i < count; i++) {
		all.busy += worker[i].busy;
		all.time += worker[i].time;
		all.parks += worker[i].parks;
		all.by_kernel |= worker[i].by_kernel;
	}
	in_a_second(parks, all.parks, count ? all.time / count : 0);
	if (count) {
		page_to(page, NAME_COLUMN + 2);
		page_printf(page, STYLE_PLAIN, "workers busy %s%s", all.by_kernel ? "at least " : "",
			    busy(share, &all));
	}
	if (count > 1)
		page_printf(page, STYLE_PLAIN, ", the busiest %s", busy(share, &worker[0]));
	if (count) {
		page_printf(page, STYLE_PLAIN, "; %s%s parks a second", all.by_kernel ? "at most " : "",
			    parks);
		page_end(page);
	}
	for (size_t i = 0; each && i < count; i++) {
		char *name = worker_name(&worker[i]);

		page_to(page, NAME_COLUMN + 4);
		page_printf(page, STYLE_FAINT, "%s: busy %s, %s parks a second", name,
			    busy(share, &worker[i]), in_a_second(parks, worker[i].parks, worker[i].time));
		page_end(page);
		free(name);
	}
	free(worker);
}

void report_sentence(struct page *page, char *text)
{
	page_to(page, NAME_COLUMN);
	page_wrap(page, STYLE_PLAIN, text);
	free(text);
}

/* One worker had all the work. */
static void alone(struct page *page, const char *name, const struct runtime_sum *r)
{
	const struct runtime_worker *w = NULL;

	for (size_t i = 0; i < r->workers_seen && !w; i++)
		if (r->worker[i].index == r->alone_worker)
			w = &r->worker[i];
	char *worker = worker_name(w);

	report_sentence(
		page,
		text_format("%s: for %" PRIu64 " s in a row %s was busy all the time, and the other "
			    "%s idle: one task had all the work, or it kept what was ready in its own queue",
			    name, r->alone, worker, r->workers == 2 ? "was" : "were"));
	free(worker);
}

static void sentences(struct report *report, const struct runtime_sum *r)
{
	struct page *page = &report->page;
	char *name = name_of(r);

	report_pool(report, name, r);
	if (r->grew >= GREW_FOR)
		report_sentence(page, text_format("%s: the injection queue only grew for %" PRIu64
						  " s: tasks become ready faster than the workers run them",
						  name, r->grew));
	if (r->alone >= ALONE_FOR)
		alone(page, name, r);
	free(name);
}

/* Do the counts of a runtime's workers come from the kernel? */
static bool kernel_counts(const struct model *m)
{
	for (size_t i = 0; i < m->runtimes; i++)
		for (size_t w = 0; w < m->runtime[i].workers_seen; w++)
			if (m->runtime[i].worker[w].by_kernel && m->runtime[i].worker[w].time)
				return true;
	return false;
}

void report_runtimes(struct report *report)
{
	const struct model *m = report->model;
	struct page *page = &report->page;

	if (!m->runtimes)
		return;
	page_end(page);
	page_to(page, NAME_COLUMN);
	page_text(page, STYLE_HEAD, "runtime");
	page_to(page, NUMBERS_COLUMN);
	page_right(page, STYLE_HEAD, 8, "workers");
	page_right(page, STYLE_HEAD, 12, "tasks");
	page_right(page, STYLE_HEAD, 11, "injected");
	page_right(page, STYLE_HEAD, 11, "in queues");
	page_right(page, STYLE_HEAD, 14, "blocking jobs");
	page_end(page);
	for (size_t i = 0; i < m->runtimes; i++) {
		row(page, &m->runtime[i]);
		workers(page, &m->runtime[i], report->options.verbose);
	}
	page_to(page, NAME_COLUMN);
	page_text(page, STYLE_FAINT, "Median and most of what was read once a second.");
	page_end(page);
	if (kernel_counts(m)) {
		page_to(page, NAME_COLUMN);
		page_wrap(
			page, STYLE_FAINT,
			"Tokio before 1.45 does not count how busy workers are: that is their CPU time, and "
			"the parks are all their sleeps.");
	}
	for (size_t i = 0; i < m->runtimes; i++)
		sentences(report, &m->runtime[i]);
}
