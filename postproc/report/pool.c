/* SPDX-License-Identifier: Apache-2.0 */
/* pool.c - jobs that waited for a thread of a runtime's blocking pool: for how long, and where its threads stood. */
#include <inttypes.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>

#include "base/escape.h"
#include "base/units.h"
#include "judge/reasons.h"
#include "report/parts.h"
#include "report/source-path.h"

/* The waiting itself. Tokio adds the job to the queue before it starts a thread, and where the system refuses that for now
 * (EAGAIN), the job stays there: some thread of the pool will take it. Workers are such threads, but never do
 * (runtime/blocking/pool.rs, 1.24 to 1.53). */
static void waiting(struct page *page, const char *name, const struct runtime_sum *r)
{
	char time[UNIT_SIZE], jobs[UNIT_SIZE], cap[UNIT_SIZE];

	unit_count(jobs, r->jobs_waiting);
	if (r->pool_full)
		report_sentence(page,
				text_format("%s: the blocking pool was at its cap of %s threads for %s: jobs "
					    "waited for one, up to %s at once",
					    name, unit_count(cap, r->number[RUNTIME_CAP].latest),
					    unit_duration(time, r->pool_full), jobs));
	if (r->pool_short)
		report_sentence(
			page, text_format("%s: jobs of the blocking pool waited for %s, up to %s at once, "
					  "although it may have more threads: perhaps none could be started",
					  name, unit_duration(time, r->pool_short), jobs));
	if (r->pool_none)
		report_sentence(
			page,
			text_format("%s: jobs of the blocking pool waited for %s, up to %s at once, and "
				    "it had no threads but the workers, which never take a job: the "
				    "system refused to start one (a limit on threads?), and Tokio does "
				    "not try again before the next job",
				    name, unit_duration(time, r->pool_none), jobs));
}

static void stand(struct report *report, const struct runtime_sum *r, const struct pool_stand *s)
{
	struct page *page = &report->page;
	const struct frame *f = s->stack->count ? s->stack->frame[s->stack->blame] : NULL;
	char *function = f ? place_name(f, false) : xstrdup("?"),
	     *source = f && f->file ? place_text(report->root, f->file, f->line) : xstrdup("");

	page_to(page, 6);
	page_printf(page, STYLE_PLAIN, "%" PRIu64 " of %" PRIu64 " threads, %s:", s->threads,
		    r->stands.threads, reason_info(s->reason)->word);
	page_to(page, page->column + 1);
	report_where(report, STYLE_PLAIN, function, source);
	free(function);
	free(source);
}

/* What the pool's threads do that wait for jobs of the pool. */
static void deadlock(struct page *page, const char *name, const struct runtime_sum *r)
{
	uint64_t threads = r->number[RUNTIME_THREADS].latest, workers = r->multi_thread ? r->workers : 0;
	bool all = r->stands.waiting == r->stands.threads && threads == r->stands.threads + workers &&
		   r->number[RUNTIME_CAP].latest == threads;
	char some[UNIT_SIZE];

	if (all)
		report_sentence(page,
				text_format("%s: a deadlock: every thread of the blocking pool waits for a "
					    "job of the same pool, and these jobs wait for a thread",
					    name));
	else if (r->stands.waiting)
		report_sentence(page,
				text_format("%s: %s of these threads wait for jobs of the same pool which "
					    "wait for a thread",
					    name, unit_count(some, r->stands.waiting)));
}

void report_pool(struct report *report, const char *name, const struct runtime_sum *r)
{
	waiting(&report->page, name, r);
	if (!r->pool_full && !r->pool_short && !r->pool_none)
		return;
	for (size_t i = 0; i < r->stands.count; i++)
		stand(report, r, &r->stands.stand[i]);
	deadlock(&report->page, name, r);
}
