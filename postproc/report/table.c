/* SPDX-License-Identifier: Apache-2.0 */
/* table.c - the tables of the report: blockers by rank, workers by blocked time. */
#include <inttypes.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/units.h"
#include "judge/reasons.h"
#include "report/parts.h"
#include "report/source-path.h"
#include "tokio/role.h"

#define WHY_COLUMN 64	 /* where the numbers of a row end */
#define WHERE_COLUMN 80	 /* of the function, in a wide terminal */
#define WIDE 140	 /* the width from which the function is in the first line */
#define INDENT 4	 /* of further lines */
#define WORKERS_SHOWN 16 /* the others are added up */

/* Columns of the workers' table. */
enum { NAME_COLUMN = 10, ROLE_COLUMN = 27, NUMBERS_COLUMN = 42 };

void report_where(struct report *report, enum style style, const char *name, const char *place)
{
	struct page *page = &report->page;
	size_t at = page->column + page->pending;
	size_t room = page->width > at ? page->width - at : 0;
	size_t name_width = page_width(page, name), place_width = page_width(page, place);

	/* In full: a terminal breaks the line. */
	if (report->options.verbose) {
		page_fit(page, style, name_width, text_shorten, name);
		if (place_width) {
			page_to(page, page->column + 2);
			page_fit(page, STYLE_PLAIN, place_width, text_shorten_path, place);
		}
		page_end(page);
		return;
	}
	/* Both get what they need if there is room; otherwise the location is shortened first, down to two
	 * fifths. */
	if (place_width && name_width + 2 + place_width > room) {
		size_t least = room * 2 / 5;
		size_t left = room > name_width + 2 ? room - name_width - 2 : 0;

		place_width = left > least ? left : place_width < least ? place_width : least;
	}
	page_fit(page, style, place_width && room > place_width + 2 ? room - place_width - 2 : room,
		 text_shorten, name);
	if (place_width) {
		page_to(page, page->column + 2);
		page_fit(page, STYLE_PLAIN, place_width, text_shorten_path, place);
	}
	page_end(page);
}

uint64_t report_time_of(const struct model *m, const struct blocker *b)
{
	return b->main_future ? m->main_futures.time : m->worker_time;
}

static void heading(struct page *page)
{
	page_right(page, STYLE_HEAD, 2, "#");
	page_right(page, STYLE_HEAD, 10, "total");
	page_right(page, STYLE_HEAD, 15, "% worker time");
	page_right(page, STYLE_HEAD, 8, "count");
	page_right(page, STYLE_HEAD, 9, "max");
	page_right(page, STYLE_HEAD, 9, "p50");
	page_right(page, STYLE_HEAD, 9, "p99");
	page_to(page, WHY_COLUMN);
	page_text(page, STYLE_HEAD, "why");
	if (page->width >= WIDE) {
		page_to(page, WHERE_COLUMN);
		page_text(page, STYLE_HEAD, "where");
	}
	page_end(page);
}

/* The nearest caller with a known source, if the function itself has neither name nor source; or NULL. */
static const struct frame *known_caller(const struct blocker *b)
{
	const struct verdict *v = b->stack;

	if (!v || b->file || v->blame >= v->count || v->frame[v->blame]->function)
		return NULL;
	for (size_t i = v->blame + 1; i < v->count && i <= v->poll; i++)
		if (v->frame[i]->file && v->frame[i]->line)
			return v->frame[i];
	return NULL;
}

static void caller_line(struct report *report, const struct frame *caller)
{
	struct page *page = &report->page;
	char *name = place_name(caller, false), *place = place_text(report->root, caller->file, caller->line);

	page_to(page, page->width >= WIDE ? WHERE_COLUMN : INDENT);
	page_text(page, STYLE_FAINT, "called by ");
	report_where(report, STYLE_PLAIN, name, place);
	free(name);
	free(place);
}

/* The label of a line below the function. */
static void label_below(struct report *report, const char *label)
{
	struct page *page = &report->page;

	page_to(page, page->width >= WIDE ? WHERE_COLUMN : INDENT);
	page_text(page, STYLE_FAINT, label);
}

/* What waited for it, or a lock and who holds it. Broken into lines: if its middle were left out, that could be the
 * numbers. Frees the text. */
static void wrapped_line(struct report *report, const char *label, char *text)
{
	if (!text)
		return;
	label_below(report, label);
	page_wrap(&report->page, STYLE_PLAIN, text);
	free(text);
}

/* Does the function say no more than the blamed one or the task, which may be part of it ("main#1",
 * "main:21")? */
static bool is_said(const struct blocker *b, const char *function)
{
	size_t length = strlen(function);

	return !strcmp(function, b->function) ||
	       (b->task && !strncmp(b->task, function, length) &&
		(b->task[length] == '\0' || strspn(b->task + length, "#:") == 1));
}

/* The task, if it says more than the function; and which of the user's functions it was in. */
static void task_lines(struct report *report, const struct blocker *b)
{
	struct page *page = &report->page;
	char share[UNIT_SIZE];

	if (b->task && !report->task && (b->main_future || strcmp(b->task, b->function) != 0)) {
		label_below(report, b->main_future ? "main future " : "task ");
		page_text(page, STYLE_PLAIN, b->task);
		page_end(page);
	}
	if (!b->within || !b->within->name || is_said(b, b->within->name))
		return;
	char *name = place_name(b->within, false),
	     *place = place_text(report->root, b->within->file, b->within->line);

	page_to(page, page->width >= WIDE ? WHERE_COLUMN : INDENT);
	if (b->within_total * 100 < b->total * 99)
		page_printf(page, STYLE_FAINT, "%s in ", unit_share(share, b->within_total, b->total));
	else
		page_text(page, STYLE_FAINT, "in ");
	report_where(report, STYLE_PLAIN, name, place);
	free(name);
	free(place);
}

/* Rank, numbers and reason; then the function; then the task, if it says more than the function. */
static void row(struct report *report, size_t rank)
{
	const struct blocker *b = &report->model->blocker[rank];
	struct page *page = &report->page;
	char text[UNIT_SIZE], total[UNIT_SIZE + 1] = "~";

	unit_duration(total + 1, b->total);
	page_right(page, STYLE_STRONG, 2, unit_count(text, rank + 1));
	page_right(page, STYLE_STRONG, 10, total + (b->estimated ? 0 : 1));
	page_right(page, STYLE_PLAIN, 15, unit_share(text, b->total, report_time_of(report->model, b)));
	page_right(page, STYLE_PLAIN, 8, unit_count(text, b->count));
	page_right(page, STYLE_PLAIN, 9, unit_duration(text, b->max));
	page_right(page, STYLE_PLAIN, 9, unit_duration(text, histogram_quantile(&b->durations, 0.5)));
	page_right(page, STYLE_PLAIN, 9, unit_duration(text, histogram_quantile(&b->durations, 0.99)));
	page_to(page, WHY_COLUMN);
	page_text(page, STYLE_STRONG, reason_info(b->reason)->word);
	if (page->width >= WIDE) {
		page_to(page, WHERE_COLUMN);
	} else {
		page_end(page);
		page_to(page, INDENT);
	}
	char *place = place_text(report->root, b->file, b->line);

	report_where(report, STYLE_OWN, b->function, place);
	free(place);
	const struct frame *caller = known_caller(b);

	if (caller)
		caller_line(report, caller);
	wrapped_line(report, "held up ", report_held_up(b, false));
	wrapped_line(report, "without it: ", report_without(report->model, b));
	wrapped_line(report, "held ", report_held(report, b, 0));
	wrapped_line(report, "lock held here: ", report_holds(report, rank));
	task_lines(report, b);
}

/* The task of the first `count` rows, if it is the same and says more than their functions; otherwise
 * NULL. */
static const char *common_task(const struct model *m, size_t count)
{
	const char *task = count > 1 ? m->blocker[0].task : NULL;

	for (size_t i = 0; i < count && task; i++) {
		const struct blocker *b = &m->blocker[i];

		if (b->main_future || !b->task || strcmp(b->task, task) != 0 || !strcmp(task, b->function))
			return NULL;
	}
	return task;
}

void report_table(struct report *report)
{
	const struct model *model = report->model;
	struct page *page = &report->page;
	size_t shown = model->ranked < report->options.top ? model->ranked : report->options.top;
	bool estimated = false, main_future = false;
	uint64_t rest = 0;
	char time[UNIT_SIZE], share[UNIT_SIZE];

	report->task = common_task(model, shown);
	if (report->task) {
		page_text(page, STYLE_FAINT,
			  common_task(model, model->ranked) ? "All rows are of task "
							    : "All rows shown are of task ");
		page_text(page, STYLE_PLAIN, report->task);
		page_end(page);
	}
	heading(page);
	for (size_t i = 0; i < model->ranked; i++) {
		if (i < shown) {
			row(report, i);
			estimated = estimated || model->blocker[i].estimated;
			main_future = main_future || model->blocker[i].main_future;
		} else if (!model->blocker[i].main_future) {
			rest += model->blocker[i].total;
		}
	}
	if (shown < model->ranked) {
		page_to(page, INDENT);
		page_printf(page, STYLE_PLAIN,
			    "and %zu more, %s together (%s of worker time): --top %zu shows all",
			    model->ranked - shown, unit_duration(time, rest),
			    unit_share(share, rest, model->worker_time), model->ranked);
		page_end(page);
	}
	if (model->ranked < model->blockers && model->blocked) {
		char *text = text_format(
			"All rows%s add up to \"blocked\", %s; the waits below are not part of it.",
			main_future ? " but main futures'" : "", unit_duration(time, model->blocked));

		page_to(page, INDENT);
		page_wrap(page, STYLE_PLAIN, text);
		free(text);
	}
	if (report->options.verbose && (model->stalled.total || model->delay)) {
		page_to(page, INDENT);
		page_wrap(
			page, STYLE_PLAIN,
			"\"without it\": the change of the time in which all workers were blocked "
			"(\"stalled\"), and of what ready "
			"tasks waited in the queues of blocked workers (time x tasks), if the polls of this "
			"row took no time "
			"and all else stayed as it was. A stretch counts for each row that a worker was in.");
	}
	if (main_future) {
		page_to(page, INDENT);
		page_text(page, STYLE_PLAIN,
			  "What a main future did is a share of its own time, not of the workers'.");
		page_end(page);
	}
	if (estimated) {
		page_text(page, STYLE_PLAIN, " ~  ");
		page_text(page, STYLE_PLAIN, "estimated from CPU samples");
		if (model->target.hz)
			page_printf(page, STYLE_PLAIN, " (%u a second)", model->target.hz);
		page_text(page, STYLE_PLAIN, "; all other times are measured.");
		page_end(page);
	}
}

static int by_blocked(const void *left, const void *right)
{
	const struct worker *a = *(const struct worker *const *)left,
			    *b = *(const struct worker *const *)right;

	if (a->blocked != b->blocked)
		return a->blocked < b->blocked ? 1 : -1;
	return (a->tid > b->tid) - (a->tid < b->tid);
}

static uint64_t watched(const struct worker *worker)
{
	return worker->last > worker->first ? worker->last - worker->first : 0;
}

/* The numbers of a line: share of the watched time, count, longest, and time waiting for a CPU. */
static void numbers(struct page *page, const struct worker *sum, uint64_t time)
{
	char text[UNIT_SIZE];

	page_right(page, STYLE_STRONG, 8, unit_share(text, sum->blocked, time));
	page_right(page, STYLE_PLAIN, 8, unit_count(text, sum->blocks));
	page_right(page, STYLE_PLAIN, 9, unit_duration(text, sum->longest));
	page_right(page, STYLE_PLAIN, 11, unit_duration(text, sum->run_queue));
	page_end(page);
}

void report_workers(struct report *report)
{
	const struct model *model = report->model;
	struct page *page = &report->page;
	size_t shown = model->workers;
	struct worker rest = model->left_out;
	uint64_t rest_time = model->left_out_time;

	if (model->workers == 0)
		return;
	if (shown > WORKERS_SHOWN + 1 && !report->options.verbose)
		shown = WORKERS_SHOWN;
	const struct worker **sorted = xmalloc(model->workers * sizeof *sorted);

	for (size_t i = 0; i < model->workers; i++)
		sorted[i] = &model->worker[i];
	qsort(sorted, model->workers, sizeof *sorted, by_blocked);

	page_right(page, STYLE_HEAD, 8, "tid");
	page_to(page, NAME_COLUMN);
	page_text(page, STYLE_HEAD, "thread");
	page_to(page, ROLE_COLUMN);
	page_text(page, STYLE_HEAD, "role");
	page_to(page, NUMBERS_COLUMN);
	page_right(page, STYLE_HEAD, 8, "blocked");
	page_right(page, STYLE_HEAD, 8, "count");
	page_right(page, STYLE_HEAD, 9, "longest");
	page_right(page, STYLE_HEAD, 11, "run queue");
	page_end(page);
	for (size_t i = 0; i < model->workers; i++) {
		const struct worker *w = sorted[i];

		if (i < shown) {
			char tid[UNIT_SIZE];

			snprintf(tid, sizeof tid, "%ld", w->tid);
			page_right(page, STYLE_PLAIN, 8, tid);
			page_to(page, NAME_COLUMN);
			page_fit(page, STYLE_PLAIN, ROLE_COLUMN - NAME_COLUMN - 1, text_shorten, w->comm);
			page_to(page, ROLE_COLUMN);
			page_text(page, STYLE_PLAIN, role_name(w->role));
			page_to(page, NUMBERS_COLUMN);
			numbers(page, w, watched(w));
			continue;
		}
		rest.blocked += w->blocked;
		rest.run_queue += w->run_queue;
		rest.blocks += w->blocks;
		rest.longest = w->longest > rest.longest ? w->longest : rest.longest;
		rest_time += watched(w);
	}
	if (shown < model->workers + model->workers_left_out) {
		page_to(page, NAME_COLUMN);
		page_printf(page, STYLE_PLAIN, "and %zu others",
			    model->workers + model->workers_left_out - shown);
		page_to(page, NUMBERS_COLUMN);
		numbers(page, &rest, rest_time);
	}
	free(sorted);
}
