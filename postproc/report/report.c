/* SPDX-License-Identifier: Apache-2.0 */
/* report.c - the report from its first to its last line. */
#include <errno.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/units.h"
#include "report/parts.h"
#include "report/source-path.h"

#define STANDING_SHOWN 5 /* groups of tasks, without --verbose */
#define LABEL_COLUMN 13	 /* of the text beside a label */

static void label(struct page *page, const char *text)
{
	page_to(page, 2);
	page_text(page, STYLE_FAINT, text);
	page_to(page, LABEL_COLUMN);
}

/* A label and raw text; nothing without a text. */
static void fact(struct page *page, const char *name, const char *text)
{
	if (!text)
		return;
	label(page, name);
	page_wrap(page, STYLE_PLAIN, text);
}

static const char *name_of(const struct target *target)
{
	return target->name ? target->name : target->exe ? target->exe : "?";
}

/* What was watched, in one line. */
static void title(struct report *report)
{
	const struct model *m = report->model;
	struct page *page = &report->page;
	char time[UNIT_SIZE], threshold[UNIT_SIZE];

	page_text(page, STYLE_STRONG, "hud-trace:");
	page_to(page, page->column + 1);
	/* The name is shortened to leave room for the rest. */
	size_t workers = m->workers - m->main_futures.threads + m->workers_left_out;
	char *rest = text_format(" (pid %ld): %zu worker%s for %s, threshold %s", m->target.pid, workers,
				 workers == 1 ? "" : "s", unit_duration(time, m->end - m->start),
				 unit_setting(threshold, m->target.threshold));
	size_t used = page->column + page->pending + page_width(page, rest);

	page_fit(page, STYLE_STRONG, page->width > used + 8 ? page->width - used : 8, text_shorten,
		 name_of(&m->target));
	page_text(page, STYLE_PLAIN, rest);
	page_end(page);
	free(rest);
}

char *report_verdict(const struct model *m)
{
	char share[UNIT_SIZE], count[UNIT_SIZE], longest[UNIT_SIZE];
	uint64_t blocks = 0, max = 0, waits = 0;

	for (size_t i = 0; i < m->blockers; i++) {
		const struct blocker *b = &m->blocker[i];

		if (b->main_future)
			continue;
		if (judge_is_wait(b->reason)) {
			waits += b->count;
			continue;
		}
		blocks += b->count;
		max = b->max > max ? b->max : max;
	}
	bool exact = m->polls && !m->estimated_from;
	const char *what = exact ? "long poll" : "block";

	if (exact) {
		blocks = m->polls;
		max = m->longest_poll;
	}
	if (blocks)
		return text_format("Workers were blocked %s of their time: %s %s%s, the longest %s.",
				   unit_share(share, m->blocked, m->worker_time), unit_count(count, blocks),
				   what, blocks == 1 ? "" : "s", unit_duration(longest, max));
	if (m->main_futures.blocks)
		return text_format("No code blocked a worker; the main future was blocked %s of its time.",
				   unit_share(share, m->main_futures.blocked, m->main_futures.time));
	return text_format("No code blocked a worker, but workers had to wait for a CPU %s time%s.",
			   unit_count(count, waits), waits == 1 ? "" : "s");
}

static void verdict(struct report *report)
{
	char *text = report_verdict(report->model);

	page_wrap(&report->page, STYLE_STRONG, text);
	free(text);
}

static void stacks(struct report *report)
{
	const struct model *m = report->model;
	struct page *page = &report->page;
	char count[UNIT_SIZE], cut[UNIT_SIZE];

	label(page, "stacks");
	page_text(page, STYLE_PLAIN, unit_count(count, m->stacks));
	if (m->stacks && m->stacks_cut)
		page_printf(page, STYLE_PLAIN, ", %s cut short", unit_share(cut, m->stacks_cut, m->stacks));
	else if (m->stacks)
		page_text(page, STYLE_PLAIN, ", all complete");
	if (m->target.stacks)
		page_printf(page, STYLE_PLAIN, "; %s", m->target.stacks);
	page_end(page);
}

/* How polls were told apart, on which the counts depend. */
static void polls(struct report *report)
{
	/* How the stream's text begins, and what is printed for it. */
	static const char *const ways[][2] = {
		{"estimate without samples,", "unknown, and code that computes is not seen"},
		{"estimate", "estimated from samples"},
		{"uprobe", "exact, by uprobes"},
		{"tls DWARF", "exact, by Tokio's state; layout: from debug info"},
		{"tls table ", "exact, by Tokio's state; layout: Tokio "},
		{"tls like ", "exact, by Tokio's state; layout: like Tokio "},
		{"tls", "exact, by Tokio's state"},
		{"", ""},
	};
	const char *how = report->model->target.polls;
	size_t way = 0;

	if (!how)
		return;
	/* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): the last one, "", begins everything */
	while (strncmp(how, ways[way][0], strlen(ways[way][0])) != 0)
		way++;
	const char *rest = how + strlen(ways[way][0]);
	bool why = *rest == ' ';
	char *text = text_format("%s%s%s", ways[way][1], why ? ": " : "", rest + why);

	fact(&report->page, "polls", text);
	free(text);
}

/* What bpftrace or the kernel refused. */
static void without(struct report *report)
{
	const char *what = report->model->target.without;

	if (!what)
		return;
	char *text = text_format("%s: bpftrace or the kernel refused that", what);

	fact(&report->page, "without", text);
	free(text);
}

/* One blocked worker kept the others from their timers and sockets. */
static void standstill(struct report *report)
{
	const struct standstill *s = &report->model->standstill;
	char total[UNIT_SIZE], count[UNIT_SIZE], longest[UNIT_SIZE];

	if (!s->count || !s->blocker)
		return;
	char *text = text_format(
		"nobody polled the I/O and timer driver for %s (%s time%s, up to %s), while worker "
		"%ld was blocked in %s and others had nothing to do",
		unit_duration(total, s->total), unit_count(count, s->count), s->count == 1 ? "" : "s",
		unit_duration(longest, s->longest), s->tid, s->blocker->function);

	fact(&report->page, "driver", text);
	free(text);
}

/* What the process's own limit, and the machine's host, took from it. */
static void taken(struct report *report)
{
	const struct model *m = report->model;
	const struct quota *q = &m->quota;
	char time[UNIT_SIZE], count[UNIT_SIZE];
	size_t workers = 0;

	for (size_t i = 0; i < m->workers; i++)
		workers += m->worker[i].role == ROLE_WORKER || m->worker[i].role == ROLE_CURRENT_THREAD;
	if (q->throttled) {
		char *text = text_format(
			"%s in %s period%s of %g ms: quota %.3g CPUs, %zu worker%s (control group %s)",
			unit_duration(time, q->time), unit_count(count, q->throttled),
			q->throttled == 1 ? "" : "s", (double)q->period / 1000,
			q->period ? (double)q->quota / (double)q->period : 0, workers,
			workers == 1 ? "" : "s", q->name);

		fact(&report->page, "throttled", text);
		free(text);
	}
	if (m->steal * 100 >= m->end - m->start && m->steal) {
		char *text = text_format("%s: the host of this virtual machine gave its CPUs to others",
					 unit_duration(time, m->steal));

		fact(&report->page, "steal", text);
		free(text);
	}
}

/* What no worker polls. */
static void main_futures(struct report *report)
{
	const struct main_futures *sum = &report->model->main_futures;
	char share[UNIT_SIZE], count[UNIT_SIZE], longest[UNIT_SIZE], waited[UNIT_SIZE];

	if (!sum->blocks && !sum->run_queue)
		return;
	char *text = text_format(
		"the future that block_on polls (the body of #[tokio::main], on a thread that is "
		"no worker) was blocked %s of its time: %s block%s, the longest %s; it waited %s for a CPU",
		unit_share(share, sum->blocked, sum->time), unit_count(count, sum->blocks),
		sum->blocks == 1 ? "" : "s", unit_duration(longest, sum->longest),
		unit_duration(waited, sum->run_queue));

	fact(&report->page, "main", text);
	free(text);
}

/* Why the trace ended. */
static void ended(struct report *report)
{
	static const char *const whys[][2] = {
		{"duration", "when --duration was over"},
		{"interrupt", "by Ctrl-C, q or a signal"},
		{"exit", "when the process exited"},
		{"exec", "when the process executed another program"},
		{"overhead", "because it cost more than --max-overhead allows"},
		{"trigger", "not here: --trigger kept a part of it"},
	};
	const char *why = report->model->ended;

	for (size_t i = 0; why && i < sizeof(whys) / sizeof(*whys); i++)
		if (!strcmp(report->model->ended, whys[i][0]))
			why = whys[i][1];
	fact(&report->page, "ended", why);
}

/* How long workers were blocked: one at a time, and all at once. */
static void blocked(struct report *report)
{
	const struct model *m = report->model;
	struct page *page = &report->page;
	char text[UNIT_SIZE], more[UNIT_SIZE], third[UNIT_SIZE];

	if (m->blockers) {
		label(page, "blocked");
		page_printf(page, STYLE_PLAIN, "%s of %s worker time; p50 %s",
			    unit_duration(text, m->blocked), unit_duration(more, m->worker_time),
			    unit_duration(third, histogram_quantile(&m->blocks, 0.5)));
		page_printf(page, STYLE_PLAIN, ", p99 %s",
			    unit_duration(third, histogram_quantile(&m->blocks, 0.99)));
		page_end(page);
	}
	if (m->stalled.count) {
		label(page, "stalled");
		page_printf(page, STYLE_PLAIN, "%s (%s) with %s%zu worker%s blocked; ",
			    unit_duration(text, m->stalled.total),
			    unit_share(more, m->stalled.total, m->end - m->start),
			    m->stalled.workers > 1 ? "all " : "the ", m->stalled.workers,
			    m->stalled.workers == 1 ? "" : "s");
		page_printf(page, STYLE_PLAIN, "%s time%s, up to ", unit_count(text, m->stalled.count),
			    m->stalled.count == 1 ? "" : "s");
		page_printf(page, STYLE_PLAIN, "%s", unit_duration(text, m->stalled.longest));
		page_end(page);
		page_to(page, LABEL_COLUMN);
		page_printf(page, STYLE_PLAIN,
			    "a task that became ready then would have waited %s on average",
			    unit_duration(text, m->stalled.mean_wait));
		page_end(page);
	}
}

/* Where the answer to "who had to wait?" is missing. */
static void no_queues(struct report *report)
{
	const char *why = report->model->target.no_queues;

	if (!why || !report->model->blockers)
		return;
	char *text = text_format("how many ready tasks is not known: %s", why);

	fact(&report->page, "held up", text);
	free(text);
}

/* Is a lower threshold worth it? Said only where enough is known to answer. */
static void shorter(struct report *report)
{
	const struct model *m = report->model;
	const struct shorter *s = &m->shorter;
	char from[UNIT_SIZE], to[UNIT_SIZE], time[UNIT_SIZE], share[UNIT_SIZE];
	uint64_t little = m->worker_time / 200;
	bool close = s->apart <= s->least + s->least / 4;
	char *text = NULL;

	if (!s->least || !m->worker_time || m->target.threshold <= s->least)
		return;
	unit_setting(from, s->least);
	unit_setting(to, m->target.threshold);
	if (s->time > little && (close || s->unsure <= s->time / 2))
		text = text_format("polls of %s to %s: ~%s (%s), estimated; see --threshold", from, to,
				   unit_duration(time, s->time), unit_share(share, s->time, m->worker_time));
	else if (s->time <= little && (close || s->unsure <= little))
		text = text_format("polls of %s to %s: less than 0.5%%, estimated", from, to);
	fact(&report->page, "shorter", text);
	free(text);
}

static void head(struct report *report)
{
	const struct model *m = report->model;
	const struct target *t = &m->target;
	struct page *page = &report->page;
	char text[UNIT_SIZE], more[UNIT_SIZE], third[UNIT_SIZE];

	blocked(report);
	no_queues(report);
	shorter(report);
	standstill(report);
	main_futures(report);
	label(page, "run queue");
	page_printf(page, STYLE_PLAIN, "%s waiting for a CPU (%s), ", unit_duration(text, m->run_queue),
		    unit_share(more, m->run_queue, m->worker_time));
	page_printf(page, STYLE_PLAIN, "%s wait%s over the threshold",
		    unit_count(third, m->run_queue_waits.count), m->run_queue_waits.count == 1 ? "" : "s");
	page_end(page);
	taken(report);
	if (m->stops) {
		label(page, "stopped");
		page_printf(page, STYLE_PLAIN, "%s in %s stop%s (signal, debugger or freezer): not counted",
			    unit_duration(text, m->stopped), unit_count(more, m->stops),
			    m->stops == 1 ? "" : "s");
		page_end(page);
	}
	label(page, "events");
	page_printf(page, STYLE_PLAIN, "%s, %s lost", unit_count(text, m->events),
		    m->lost ? unit_count(more, m->lost) : "none");
	page_end(page);
	polls(report);
	stacks(report);
	without(report);
	fact(page, "sources", report->root);
	ended(report);
	if (!report->options.verbose)
		return;
	if (!m->standing)
		fact(page, "no look", t->no_look);
	fact(page, "exe", t->exe);
	fact(page, "build id", t->build_id);
	fact(page, "workers", t->workers_how);
	fact(page, "kernel", t->kernel);
	fact(page, "bpftrace", t->bpftrace);
	label(page, "dropped");
	page_printf(page, STYLE_PLAIN, "%s parks, %s events of other threads", unit_count(text, m->parks),
		    unit_count(more, m->other_role));
	page_end(page);
}

static void whole(struct report *report)
{
	struct page *page = &report->page;
	const struct model *m = report->model;

	title(report);
	if (m->blockers)
		verdict(report);
	page_end(page);
	head(report);
	report_warnings(report);
	page_end(page);
	if (m->in_places)
		report_nobody_schedules(report);
	else if (!m->blockers)
		report_nothing(report);
	if (m->ranked)
		report_table(report);
	report_waits(report);
	for (size_t i = 0; i < m->ranked && i < report->options.details && i < report->options.top; i++) {
		page_end(page);
		report_detail(report, i);
	}
	report_tasks(report);
	report_polls(report);
	if (m->workers) {
		page_end(page);
		report_workers(report);
	}
	report_runtimes(report);
	report_standing(report, report->options.verbose ? SIZE_MAX : STANDING_SHOWN);
	report_probes(report);
}

int report_write(FILE *out, const struct model *model, const struct report_options *options)
{
	struct report report = {.model = model,
				.options = *options,
				.root = place_root(model),
				.held = held_index_new(model)};
	struct report_options *o = &report.options;

	o->width = o->width == 0 ? 80 : o->width < 60 ? 60 : o->width;
	o->top = o->top ? o->top : 10;
	o->details = o->details ? o->details : o->verbose ? o->top : 5;
	report.page = (struct page){.out = out, .width = o->width, .colour = o->colour, .utf8 = o->utf8};
	errno = 0;
	whole(&report);
	held_index_free(report.held);
	free(report.root);
	if (fflush(out) != 0 || ferror(out)) {
		/* A much earlier write error may have left no errno. */
		errno = errno ? errno : EIO;
		return -1;
	}
	return 0;
}
