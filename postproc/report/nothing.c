/* SPDX-License-Identifier: Apache-2.0 */
/* nothing.c - see parts.h. */
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/units.h"
#include "report/parts.h"

static void bullet(struct page *page, const char *text)
{
	page_to(page, 2);
	page_text(page, STYLE_PLAIN, "-");
	page_to(page, 4);
	page_wrap(page, STYLE_PLAIN, text);
}

void report_nobody_schedules(struct report *report)
{
	const struct model *m = report->model;
	struct page *page = &report->page;
	unsigned long threads = 0;

	for (size_t i = 0; i < m->in_places; i++)
		threads += m->in_place[i].threads;
	char *text = text_format(
		"Nobody ran the tasks of this runtime when tracing began: its threads (%lu) were all in "
		"block_in_place, and none was left to take over.",
		threads);

	page_wrap(page, STYLE_STRONG, text);
	free(text);
	for (size_t i = 0; i < m->in_places; i++) {
		text = text_format("%lu in %s", m->in_place[i].threads, m->in_place[i].where);
		bullet(page, text);
		free(text);
	}
	page_wrap(page, STYLE_PLAIN,
		  "What they wait for may be what only a task could do, which nobody runs. .await it instead "
		  "of block_in_place(|| .. block_on(..)), or bound how many requests get there at once (a "
		  "Semaphore), below max_blocking_threads.");
	page_end(page);
}

void report_nothing(struct report *report)
{
	const struct model *m = report->model;
	struct page *page = &report->page;
	char threshold[UNIT_SIZE], time[UNIT_SIZE], sum[UNIT_SIZE], events[UNIT_SIZE], parks[UNIT_SIZE];
	char other[UNIT_SIZE];
	size_t workers = m->workers - m->main_futures.threads;
	bool named = m->target.workers_how && !strncmp(m->target.workers_how, "--workers ", 10);

	if (m->events == 0)
		page_printf(page, STYLE_STRONG,
			    "No event came at all: nothing can be said about this process.");
	else
		page_printf(page, STYLE_STRONG, "Nothing blocked a worker for %s or longer.",
			    unit_setting(threshold, m->target.threshold));
	page_end(page);
	char *text = text_format(
		"Watched: pid %ld, %zu worker%s, %s (%s of worker time), blocks from %s; %s events, among "
		"them %s idle sleeps and %s of threads that are not workers.",
		m->target.pid, workers, workers == 1 ? "" : "s", unit_duration(time, m->end - m->start),
		unit_duration(sum, m->worker_time), unit_setting(threshold, m->target.threshold),
		unit_count(events, m->events), unit_count(parks, m->parks), unit_count(other, m->other_role));
	page_wrap(page, STYLE_PLAIN, text);
	free(text);
	page_end(page);
	page_text(page, STYLE_PLAIN, "What to try:");
	page_end(page);
	if (named && (m->events == 0 || m->workers == 0 || m->other_role == m->events)) {
		text = text_format("Check that these are the worker threads (%s); without --workers they are "
				   "found by Tokio's state, stacks and names.",
				   m->target.workers_how);
		bullet(page, text);
		free(text);
	} else if (m->workers == 0) { /* a stack or Tokio's state shows that all others are workers */
		text = text_format("Check that the worker threads are the right ones, and name them with "
				   "--workers%s%s%s.",
				   m->target.workers_how ? " (found by: " : "",
				   m->target.workers_how ? m->target.workers_how : "",
				   m->target.workers_how ? ")" : "");
		bullet(page, text);
		free(text);
	}
	bullet(page, "Put load on the service while it is traced: an idle one blocks nobody.");
	text = text_format("Trace for longer: --duration (now %s).", unit_duration(time, m->end - m->start));
	bullet(page, text);
	free(text);
	text = text_format("Look for shorter blocks: a lower --threshold (now %s).",
			   unit_setting(threshold, m->target.threshold));
	bullet(page, text);
	free(text);
}
