/* SPDX-License-Identifier: Apache-2.0 */
/* detail.c - one blocker in detail: what the report says about it, and its distribution over workers and
 * durations. */
#include <curses.h>
#include <inttypes.h>
#include <libiberty/libiberty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/units.h"
#include "live/panes/draw.h"
#include "live/panes/panes.h"
#include "live/panes/source.h"
#include "report/parts.h"

#define INDENT 4
#define LABEL_COLUMN 16 /* as in report/detail.c */
#define BAR_COLUMN 46

static void label(struct page *page, const char *text)
{
	page_to(page, INDENT);
	page_text(page, STYLE_FAINT, text);
	page_to(page, LABEL_COLUMN);
}

/* Shortens a line of code at its end. */
static char *cut(const char *text, size_t columns, bool utf8)
{
	size_t bytes = strlen(text);

	(void)utf8;
	for (;;) {
		char *head = xstrndup(text, bytes);

		if (text_width(head) <= columns)
			return head;
		free(head);
		do
			bytes--;
		while (bytes && ((unsigned char)text[bytes] & 0xc0) == 0x80);
	}
}

static void bar(struct page *page, uint64_t part, uint64_t most)
{
	size_t room = page->width > BAR_COLUMN + 1 ? page->width - BAR_COLUMN - 1 : 0;
	size_t cells = most ? (size_t)((double)part / (double)most * (double)room + 0.5) : 0;
	char *text = xmalloc(3 * room + 1), *at = text;

	*at = '\0';
	for (size_t i = 0; i < (cells || !part ? cells : 1); i++)
		at = stpcpy(at, page->utf8 ? "█" : "#");
	page_to(page, BAR_COLUMN);
	page_text(page, STYLE_OWN, text);
	page_end(page);
	free(text);
}

/* Which workers it blocked. */
static void by_worker(struct page *page, const struct live_detail *d)
{
	char text[UNIT_SIZE], time[UNIT_SIZE];
	uint64_t most = 0;

	for (size_t i = 0; i < d->workers; i++)
		most = d->worker[i].total > most ? d->worker[i].total : most;
	for (size_t i = 0; i < d->workers; i++) {
		label(page, i ? "" : "by worker");
		page_printf(page, STYLE_PLAIN, "%7ld ", d->worker[i].tid);
		page_right(page, STYLE_PLAIN, 10, unit_duration(time, d->worker[i].total));
		page_right(page, STYLE_PLAIN, 9, unit_count(text, d->worker[i].count));
		bar(page, d->worker[i].total, most);
	}
}

/* What the peer was doing that ended most of the wait, or had the CPU. */
static void peer(struct report *report, const struct blocker *b)
{
	const struct peer *p = b->peers ? &b->peer[0] : NULL;

	if (!p || !p->stack || !p->stack->count || b->reason == REASON_SLEEP)
		return;
	page_end(&report->page);
	label(&report->page, "meanwhile");
	page_fit(&report->page, STYLE_STRONG, 24, text_shorten, p->names ? "several threads" : p->comm);
	page_text(&report->page, STYLE_PLAIN,
		  judge_is_wait(b->reason) ? " had the CPU in" : " ended the wait in");
	page_end(&report->page);
	report_chain(report, p->stack);
}

/* The lines of source code, if the source is available. */
static void source(struct report *report, const struct blocker *b)
{
	struct page *page = &report->page;
	unsigned first;
	size_t count;
	char *const *text = live_source(b->file, b->line, &first, &count);

	if (!text)
		return;
	page_end(page);
	for (size_t i = 0; i < count; i++) {
		bool here = first + i == b->line;

		label(page, i ? "" : "source");
		page_text(page, STYLE_OWN, here ? ">" : "");
		page_to(page, LABEL_COLUMN + 2);
		page_printf(page, STYLE_FAINT, "%5u", first + (unsigned)i);
		page_to(page, LABEL_COLUMN + 9);
		page_fit(page, here ? STYLE_OWN : STYLE_PLAIN, page->width, cut, text[i]);
		page_end(page);
	}
}

/* How many blocks there are of each duration. */
static void durations(struct page *page, const struct live_detail *d)
{
	uint64_t most = 0;
	size_t first = LIVE_STRETCHES, last = 0;
	char from[UNIT_SIZE], to[UNIT_SIZE], text[UNIT_SIZE];

	for (size_t i = 0; i < LIVE_STRETCHES; i++) {
		if (!d->stretch[i])
			continue;
		most = d->stretch[i] > most ? d->stretch[i] : most;
		first = first < i ? first : i;
		last = i;
	}
	for (size_t i = first; i <= last; i++) {
		label(page, i == first ? "durations" : "");
		page_right(page, STYLE_PLAIN, 7, unit_setting(from, live_stretch(i)));
		page_text(page, STYLE_FAINT, " to ");
		page_right(page, STYLE_PLAIN, 7, unit_setting(to, live_stretch(i + 1)));
		page_right(page, STYLE_PLAIN, 9, unit_count(text, d->stretch[i]));
		bar(page, d->stretch[i], most);
	}
}

/* Writes the selected row in detail. Returns false if that row is gone. */
static bool write_detail(struct live_view *v, const struct live_workers *workers, const struct page *page,
			 bool verbose)
{
	const struct live_row *row = live_selected(v);
	struct live_detail *d = xcalloc(1, sizeof(*d));
	struct model model = {.worker_time = workers->time, .target = v->model->target};
	struct report report = {.model = &model,
				.page = *page,
				.root = (char *)live_window_root(v->window),
				.options.verbose = verbose};
	bool there = row && live_window_detail(v->window, &v->query, row, d);

	if (there) {
		struct blocker *b = &d->sum.b;

		model.blocker = b;
		model.blockers = 1;
		model.polls = v->model->target.polls && strncmp(v->model->target.polls, "estimate", 8) != 0;
		report_detail(&report, 0);
		source(&report, b);
		page_end(&report.page);
		by_worker(&report.page, d);
		page_end(&report.page);
		durations(&report.page, d);
		peer(&report, b);
	}
	blocker_sum_clear(&d->sum);
	free(d);
	return there;
}

void live_detail(struct live_view *v, const struct live_workers *workers)
{
	const struct live_row *row = live_selected(v);
	char *text = NULL, span[UNIT_SIZE], share[UNIT_SIZE];
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct page page = {.out = out, .width = (size_t)COLS, .colour = true, .utf8 = pen_utf8()};

	if (!out)
		xmalloc_failed(0);
	char *title =
		text_format("%s of worker time in %s", unit_share(share, row ? row->total : 0, workers->time),
			    unit_setting(span, v->query.span));

	page_end(&page);
	if (!write_detail(v, workers, &page, false)) {
		label(&page, "");
		page_wrap(&page, STYLE_PLAIN,
			  "It has not blocked a worker within the window. It shows here when it does again.");
	}
	fclose(out);
	live_pager(v, title, text);
	free(title);
	free(text);
}

char *live_detail_text(struct live_view *v, const struct live_workers *workers, size_t width)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		xmalloc_failed(0);
	bool there =
		write_detail(v, workers, &(struct page){.out = out, .width = width, .utf8 = v->utf8}, true);

	fclose(out);
	if (there)
		return text;
	free(text);
	return NULL;
}
