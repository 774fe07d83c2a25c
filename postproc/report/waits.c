/* SPDX-License-Identifier: Apache-2.0 */
/* waits.c - see waits.h; and the report's table of waits for a CPU. */
#include "report/waits.h"

#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/units.h"
#include "judge/reasons.h"
#include "report/advice.h"
#include "report/parts.h"
#include "tally/blocker-sum.h"

#define WHO_COLUMN 46 /* where the numbers of a row end */
#define INDENT 4      /* of further lines */
#define ADVICE_COLUMN 16
#define WAITS_SHOWN 5 /* the others are added up */

static bool same_wait(const struct blocker *a, const struct blocker *b)
{
	return a->reason == b->reason && a->main_future == b->main_future &&
	       !strcmp(a->function, b->function);
}

static void add_culprit(struct wait *wait, const struct peer *p)
{
	size_t i = 0;

	while (i < wait->culprits && !blocker_sum_same_culprit(&wait->culprit[i], p))
		i++;
	if (i == WAIT_CULPRITS)
		return;
	if (i == wait->culprits) {
		wait->culprit[wait->culprits++] = *p;
		return;
	}
	wait->culprit[i].processes |= p->processes || wait->culprit[i].pid != p->pid;
	wait->culprit[i].count += p->count;
	wait->culprit[i].total += p->total;
}

static int by_total(const void *one, const void *two)
{
	const struct wait *a = one, *b = two;

	if (a->total != b->total)
		return a->total < b->total ? 1 : -1;
	return strcmp(a->of->function, b->of->function);
}

/* For qsort(3): parts of one wait stand side by side, the highest rank first. */
static int by_identity(const void *one, const void *two)
{
	const struct blocker *a = *(const struct blocker *const *)one,
			     *b = *(const struct blocker *const *)two;
	int order = strcmp(a->function, b->function);

	if (order)
		return order;
	if (a->reason != b->reason)
		return a->reason < b->reason ? -1 : 1;
	if (a->main_future != b->main_future)
		return a->main_future ? 1 : -1;
	return (a > b) - (a < b);
}

struct wait *waits_of(const struct model *m, size_t *count)
{
	size_t parts = m->blockers - m->ranked;
	const struct blocker **part = xcalloc(parts + 1, sizeof(*part));
	struct wait *wait = xcalloc(parts + 1, sizeof(*wait));

	for (size_t i = 0; i < parts; i++)
		part[i] = &m->blocker[m->ranked + i];
	qsort(part, parts, sizeof(*part), by_identity);
	*count = 0;
	for (size_t i = 0; i < parts; i++) {
		const struct blocker *of = part[i];

		if (!i || !same_wait(part[i - 1], of))
			wait[(*count)++].of = of;
		struct wait *w = &wait[*count - 1];

		w->total += of->total;
		w->count += of->count;
		w->max = of->max > w->max ? of->max : w->max;
		for (size_t c = 0; c < of->culprits; c++)
			add_culprit(w, &of->culprit[c]);
	}
	free(part);
	for (size_t i = 0; i < *count; i++)
		qsort(wait[i].culprit, wait[i].culprits, sizeof(*wait->culprit), blocker_sum_by_peer_total);
	qsort(wait, *count, sizeof(*wait), by_total);
	return wait;
}

/* "stress-ng (process 977) 180 ms". The caller frees it. */
static char *culprit(const struct peer *p)
{
	char time[UNIT_SIZE];

	unit_duration(time, p->total);
	if (!p->tid)
		return text_format("nobody: the CPU was idle, %s", time);
	if (p->same_process)
		return text_format("%s (this process) %s", p->comm, time);
	if (p->processes)
		return text_format("%s (several processes) %s", p->comm, time);
	return text_format("%s (process %ld) %s", p->comm, p->pid, time);
}

char *waits_for_whom(const struct wait *wait)
{
	uint64_t rest = wait->total;
	char time[UNIT_SIZE], *text = xstrdup("");

	for (size_t i = 0; i < wait->culprits && i < PEERS_SHOWN; i++) {
		char *one = culprit(&wait->culprit[i]), *more = concat(text, i ? ", " : "", one, NULL);

		rest -= wait->culprit[i].total < rest ? wait->culprit[i].total : rest;
		free(one);
		free(text);
		text = more;
	}
	if (wait->of->reason == REASON_THROTTLED) {
		free(text);
		text = xstrdup("its CPU quota: the control group had used it up");
	} else if (!wait->culprits) {
		free(text);
		text = xstrdup("(not known)");
	} else if (rest * 100 >= wait->total) {
		char *more = text_format("%s, others %s", text, unit_duration(time, rest));

		free(text);
		text = more;
	}
	return text;
}

static void numbers(struct page *page, uint64_t total, uint64_t of, uint64_t count, uint64_t max)
{
	char text[UNIT_SIZE];

	page_right(page, STYLE_STRONG, 12, unit_duration(text, total));
	page_right(page, STYLE_PLAIN, 15, unit_share(text, total, of));
	page_right(page, STYLE_PLAIN, 8, unit_count(text, count));
	page_right(page, STYLE_PLAIN, 9, unit_duration(text, max));
	page_to(page, WHO_COLUMN);
}

static void heading(struct page *page)
{
	page_right(page, STYLE_HEAD, 12, "total");
	page_right(page, STYLE_HEAD, 15, "% worker time");
	page_right(page, STYLE_HEAD, 8, "count");
	page_right(page, STYLE_HEAD, 9, "longest");
	page_to(page, WHO_COLUMN);
	page_text(page, STYLE_HEAD, "who waited for a CPU, for whom");
	page_end(page);
}

/* Advice about the waits for this reason. */
static void advice(struct report *report, const struct wait *wait, size_t count, enum reason reason)
{
	const struct blocker *of = NULL;
	struct cpu_shares had = {0};

	for (size_t i = 0; i < count; i++) {
		if (wait[i].of->reason != reason)
			continue;
		of = of ? of : wait[i].of;
		for (size_t c = 0; c < wait[i].culprits; c++)
			advice_add_culprit(&had, &wait[i].culprit[c]);
	}
	if (!of)
		return;
	page_to(&report->page, INDENT);
	page_text(&report->page, STYLE_FAINT, "advice");
	page_to(&report->page, ADVICE_COLUMN);
	page_wrap(&report->page, STYLE_PLAIN,
		  reason == REASON_RUN_QUEUE ? advice_run_queue(&had) : reason_advice(of));
}

static void row(struct report *report, const struct wait *wait)
{
	struct page *page = &report->page;
	char *whom = waits_for_whom(wait);

	numbers(page, wait->total, report_time_of(report->model, wait->of), wait->count, wait->max);
	report_where(report, STYLE_OWN, wait->of->function, "");
	page_to(page, INDENT);
	page_text(page, STYLE_FAINT, "for ");
	page_wrap(page, STYLE_PLAIN, whom);
	free(whom);
}

/* What has no row, but main futures' waits, which are a share of another time. */
static void rest(struct report *report, const struct wait *wait, size_t count)
{
	struct page *page = &report->page;
	struct wait sum = {0};

	for (size_t i = 0; i < count; i++) {
		if (wait[i].of->main_future)
			continue;
		sum.total += wait[i].total;
		sum.count += wait[i].count;
		sum.max = wait[i].max > sum.max ? wait[i].max : sum.max;
	}
	numbers(page, sum.total, report->model->worker_time, sum.count, sum.max);
	page_printf(page, STYLE_PLAIN, "%zu others (-v shows all)", count);
	page_end(page);
}

void report_waits(struct report *report)
{
	size_t count, shown;
	struct wait *wait = waits_of(report->model, &count);

	shown = count > WAITS_SHOWN + 1 && !report->options.verbose ? WAITS_SHOWN : count;
	if (count) {
		page_end(&report->page);
		heading(&report->page);
	}
	for (size_t i = 0; i < shown; i++)
		row(report, &wait[i]);
	if (shown < count)
		rest(report, wait + shown, count - shown);
	advice(report, wait, count, REASON_RUN_QUEUE);
	advice(report, wait, count, REASON_THROTTLED);
	free(wait);
}
