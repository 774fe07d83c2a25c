/* SPDX-License-Identifier: Apache-2.0 */
/* text.c - a comparison of two traces as text for people. */
#include <errno.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/units.h"
#include "diff/diff.h"
#include "judge/reasons.h"
#include "report/parts.h"

#define INDENT 4      /* of further lines of a row */
#define WHY_COLUMN 62 /* where the numbers of a row end */

/* Columns of the head. */
enum { LABEL_WIDTH = 9, FACT_WIDTH = 12, NOTE_COLUMN = 37 };

/* Numbers of a row: blocked before, after, growth, blocks before, after. */
enum { KIND_COLUMN = 1, KIND_END = 11, TIME_WIDTH = 10, GROWTH_WIDTH = 8, OFTEN_WIDTH = 10 };

static enum style style_of(enum change_kind kind)
{
	switch (kind) {
	case CHANGE_NEW:
	case CHANGE_WORSE:
		return STYLE_WARNING;
	case CHANGE_GONE:
	case CHANGE_BETTER:
		return STYLE_STRONG;
	default:
		return STYLE_FAINT;
	}
}

static void title(struct report *report, const struct diff *d)
{
	struct page *page = &report->page;
	const char *was = diff_target(d->before), *is = diff_target(d->after);
	bool same = !strcmp(was, is);
	unsigned room = page->width > 40 ? page->width - 40 : 20;

	page_text(page, STYLE_STRONG, "hud-trace:");
	page_to(page, page->column + 1);
	if (!same) {
		room /= 2;
		page_fit(page, STYLE_STRONG, room, text_shorten, was);
		page_text(page, STYLE_PLAIN, " and ");
	}
	page_fit(page, STYLE_STRONG, room, text_shorten, is);
	page_text(page, STYLE_PLAIN, ", before and after");
	page_end(page);
	char *text = diff_verdict(d);

	page_wrap(page, STYLE_STRONG, text);
	free(text);
	page_end(page);
}

/* A line of the head: before, after, and a note. */
static void fact(struct page *page, const char *label, const char *was, const char *is, const char *note)
{
	page_to(page, 2);
	page_text(page, STYLE_FAINT, label);
	page_to(page, 2 + LABEL_WIDTH);
	page_right(page, STYLE_PLAIN, FACT_WIDTH, was);
	page_right(page, STYLE_PLAIN, FACT_WIDTH, is);
	if (note && *note) {
		page_to(page, NOTE_COLUMN);
		page_text(page, STYLE_PLAIN, note);
	}
	page_end(page);
}

static void sum(struct page *page, const char *label, const struct diff *d, const struct change *c)
{
	char was[UNIT_SIZE], is[UNIT_SIZE], growth[UNIT_SIZE];
	uint64_t before = c == &d->blocked ? d->before->blocked : d->before->run_queue;
	uint64_t after = c == &d->blocked ? d->after->blocked : d->after->run_queue;
	bool beyond = change_beyond_noise(c->kind);

	change_growth(growth, c);
	char *note = text_format("%s%s%ssignificant", growth, *growth ? ", " : "", beyond ? "" : "not ");

	fact(page, label, unit_share(was, before, d->before->worker_time),
	     unit_share(is, after, d->after->worker_time), c->was.count || c->is.count ? note : NULL);
	free(note);
}

static void head(struct report *report, const struct diff *d)
{
	struct page *page = &report->page;
	const struct model *a = d->before, *b = d->after;
	char was[UNIT_SIZE], is[UNIT_SIZE];

	fact(page, "", "before", "after", NULL);
	fact(page, "traced", unit_duration(was, a->end - a->start), unit_duration(is, b->end - b->start),
	     NULL);
	fact(page, "workers", unit_count(was, a->workers - a->main_futures.threads),
	     unit_count(is, b->workers - b->main_futures.threads), NULL);
	fact(page, "threshold", unit_setting(was, a->target.threshold), unit_setting(is, b->target.threshold),
	     NULL);
	if (a->target.build_id && b->target.build_id) {
		bool same = !strcmp(a->target.build_id, b->target.build_id) &&
			    strcmp(a->target.build_id, "-") != 0;

		snprintf(was, sizeof(was), "%.8s", a->target.build_id);
		snprintf(is, sizeof(is), "%.8s", b->target.build_id);
		fact(page, "build", was, is, same ? "the same" : NULL);
	}
	sum(page, "blocked", d, &d->blocked);
	sum(page, "run queue", d, &d->run_queue);
	fact(page, "blocks/s", change_often(was, d->blocked.was.often), change_often(is, d->blocked.is.often),
	     NULL);
	char *counts = diff_counts(d);

	page_to(page, 2);
	page_text(page, STYLE_FAINT, "blockers");
	page_to(page, 4 + LABEL_WIDTH);
	page_wrap(page, STYLE_PLAIN, counts);
	free(counts);
}

static void warn(void *context, const char *text)
{
	struct page *page = context;

	page_text(page, STYLE_WARNING, "!");
	page_to(page, 2);
	page_wrap(page, STYLE_PLAIN, text);
}

static void heading(struct page *page)
{
	page_to(page, KIND_END);
	page_right(page, STYLE_FAINT, 2 * TIME_WIDTH + GROWTH_WIDTH, "blocked per s and worker");
	page_right(page, STYLE_FAINT, 2 * OFTEN_WIDTH, "blocks per second");
	page_end(page);
	page_to(page, KIND_COLUMN);
	page_text(page, STYLE_HEAD, "change");
	page_to(page, KIND_END);
	page_right(page, STYLE_HEAD, TIME_WIDTH, "before");
	page_right(page, STYLE_HEAD, TIME_WIDTH, "after");
	page_right(page, STYLE_HEAD, GROWTH_WIDTH, "by");
	page_right(page, STYLE_HEAD, OFTEN_WIDTH, "before");
	page_right(page, STYLE_HEAD, OFTEN_WIDTH, "after");
	page_to(page, WHY_COLUMN);
	page_text(page, STYLE_HEAD, "why");
	page_end(page);
}

static void row(struct report *report, const struct diff *d, const struct change *c)
{
	struct page *page = &report->page;
	const struct blocker *b = change_blocker(c);
	char text[UNIT_SIZE];
	enum style style = style_of(c->kind);

	page_to(page, KIND_COLUMN);
	page_text(page, style, change_word(c->kind));
	page_to(page, KIND_END);
	page_right(page, STYLE_PLAIN, TIME_WIDTH, change_time(text, c->was.time));
	page_right(page, STYLE_STRONG, TIME_WIDTH, change_time(text, c->is.time));
	page_right(page, style, GROWTH_WIDTH, change_growth(text, c));
	page_right(page, STYLE_PLAIN, OFTEN_WIDTH, change_often(text, c->was.often));
	page_right(page, STYLE_PLAIN, OFTEN_WIDTH, change_often(text, c->is.often));
	page_to(page, WHY_COLUMN);
	page_text(page, STYLE_STRONG, reason_info(b->reason)->word);
	page_end(page);
	char *place = change_place(d, c);

	page_to(page, INDENT);
	report_where(report, STYLE_OWN, b->function, place);
	free(place);
	if (b->task && strcmp(b->task, b->function) != 0) {
		page_to(page, INDENT);
		page_text(page, STYLE_FAINT, "task ");
		page_text(page, STYLE_PLAIN, b->task);
		page_end(page);
	}
}

/* The changes from `from` up to `end`, at most `most`. */
static void rows(struct report *report, const struct diff *d, size_t from, size_t end, size_t most)
{
	struct page *page = &report->page;
	size_t shown = end - from < most ? end : from + most;

	for (size_t i = from; i < shown; i++)
		row(report, d, &d->change[i]);
	if (shown == end)
		return;
	page_to(page, INDENT);
	page_printf(page, STYLE_PLAIN, "and %zu more: --top %zu shows all", end - shown, end - from);
	page_end(page);
}

static void table(struct report *report, const struct diff *d)
{
	struct page *page = &report->page;

	page_end(page);
	heading(page);
	rows(report, d, 0, d->ranked, report->options.top);
	char *waits = diff_waits(d);

	if (waits) {
		page_end(page);
		page_to(page, KIND_COLUMN);
		page_wrap(page, STYLE_PLAIN, waits);
		rows(report, d, d->ranked, d->ranked + d->waits, report->options.top);
		free(waits);
	}
	page_end(page);
	char *method = diff_method(d);

	page_wrap(page, STYLE_FAINT, method);
	free(method);
}

int diff_text(FILE *out, const struct diff *diff, const struct report_options *options)
{
	struct report report = {.model = diff->after, .options = *options, .root = diff->root_after};
	struct report_options *o = &report.options;

	o->width = o->width == 0 ? 80 : o->width < 60 ? 60 : o->width;
	o->top = o->top ? o->top : 10;
	report.page = (struct page){.out = out, .width = o->width, .colour = o->colour, .utf8 = o->utf8};
	errno = 0;
	title(&report, diff);
	head(&report, diff);
	diff_warnings(diff, warn, &report.page);
	if (diff->changes)
		table(&report, diff);
	if (fflush(out) != 0 || ferror(out)) {
		errno = errno ? errno : EIO;
		return -1;
	}
	return 0;
}
