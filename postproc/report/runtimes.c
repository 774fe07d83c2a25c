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
#define GREW_FOR 5 /* looks in a row, a second apart, in which a queue only grew */

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

/* Frees the text. */
static void sentence(struct page *page, char *text)
{
	page_to(page, NAME_COLUMN);
	page_wrap(page, STYLE_PLAIN, text);
	free(text);
}

static void sentences(struct page *page, const struct runtime_sum *r)
{
	char *name = name_of(r), time[UNIT_SIZE], jobs[UNIT_SIZE], cap[UNIT_SIZE];

	unit_count(jobs, r->jobs_waiting);
	if (r->pool_full)
		sentence(page, text_format("%s: the blocking pool was at its cap of %s threads for %s: up to "
					   "%s jobs waited for one",
					   name, unit_count(cap, r->number[RUNTIME_CAP].latest),
					   unit_duration(time, r->pool_full), jobs));
	if (r->pool_short)
		sentence(page, text_format("%s: up to %s jobs of the blocking pool waited for %s, although "
					   "it may have more threads: "
					   "perhaps none could be started",
					   name, jobs, unit_duration(time, r->pool_short)));
	if (r->grew >= GREW_FOR)
		sentence(page, text_format("%s: the injection queue only grew for %" PRIu64
					   " s: tasks become ready faster "
					   "than the workers run them",
					   name, r->grew));
	free(name);
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
	for (size_t i = 0; i < m->runtimes; i++)
		row(page, &m->runtime[i]);
	page_to(page, NAME_COLUMN);
	page_text(page, STYLE_FAINT, "Median and most of what was read once a second.");
	page_end(page);
	for (size_t i = 0; i < m->runtimes; i++)
		sentences(page, &m->runtime[i]);
}
