/* SPDX-License-Identifier: Apache-2.0 */
/* blockers.c - the blockers by rank: for each a row with its name, and its bar below. */
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/units.h"
#include "chart/page.h"
#include "judge/reasons.h"
#include "report/source-path.h"

#define BAR_ROW 42
#define BARS_SHOWN 12
#define NAME_COLUMNS 120 /* of a blocker's name and location in the page's font */

static size_t bars_of(const struct model *m)
{
	return m->ranked < BARS_SHOWN ? m->ranked : BARS_SHOWN;
}

/* "~4.15 s in 42 blocks". The caller frees it. */
static char *amount(const struct blocker *b)
{
	char time[UNIT_SIZE], count[UNIT_SIZE];

	return text_format("%s%s in %s block%s", b->estimated ? "~" : "", unit_duration(time, b->total),
			   unit_count(count, b->count), b->count == 1 ? "" : "s");
}

static double height(const struct model *m)
{
	return HEADING + (m->ranked ? BAR_ROW * (double)bars_of(m) + AXIS_HEIGHT : 56);
}

static void nothing(struct chart_page *page, double y)
{
	char threshold[UNIT_SIZE];

	chart_label(page, TEXT_LEFT, PAGE_LEFT, y, "No code blocked a worker for %s or longer.",
		    unit_setting(threshold, page->model->target.threshold));
}

static void heading(struct chart_page *page, double top)
{
	const struct model *m = page->model;

	if (bars_of(m) < m->ranked)
		chart_label(page, TEXT_HEADING, 24, top + 14, "Which code (the first %zu of %zu)", bars_of(m),
			    m->ranked);
	else
		chart_label(page, TEXT_HEADING, 24, top + 14, "Which code");
}

/* Where blocker `i` is, and in which task if another bar would have the same title. The caller frees it. */
static char *title(const struct model *m, size_t i, const char *root, size_t columns, bool utf8)
{
	const struct blocker *b = &m->blocker[i];
	bool alike = false;

	for (size_t j = 0; j < bars_of(m) && b->task; j++)
		alike |= j != i && m->blocker[j].reason == b->reason &&
			 !strcmp(m->blocker[j].function, b->function);
	if (!alike)
		return chart_place(b, root, columns, utf8);
	char *place = chart_place(b, root, columns / 2, utf8), *task = escape_terminal(b->task, utf8);
	size_t left = columns - text_width(place) - strlen("  in ");
	char *shortened = text_shorten(task, left, utf8);
	char *both = text_format("%s  in %s", place, shortened);

	free(shortened);
	free(task);
	free(place);
	return both;
}

static void draw(struct chart_page *page, double top)
{
	const struct model *m = page->model;
	size_t bars = bars_of(m);
	FILE *out = page->out;

	heading(page, top);
	top += HEADING;
	if (!bars) {
		nothing(page, top + 10);
		return;
	}
	/* The axis is in seconds; in milliseconds if no bar reaches a second. */
	double unit = m->blocker[0].total >= 1000000000 ? 1e9 : 1e6;
	double longest = (double)m->blocker[0].total / unit;
	/* Leave room beside the longest bar for its amount. */
	double range = longest > 0 ? longest * 1.18 : 1;
	char *root = place_root(m);

	chart_plot(page, PAGE_LEFT, PAGE_LEFT + PLOT_WIDTH, top, top + BAR_ROW * (double)bars);
	fputs("$bars << EOD\n", out);
	for (size_t i = 0; i < bars; i++) {
		const struct blocker *b = &m->blocker[i];
		const struct reason_info *reason = reason_info(b->reason);
		char *name = title(m, i, root, NAME_COLUMNS, true), *sum = amount(b);
		double length = (double)b->total / unit, y = top + BAR_ROW * ((double)i + 0.68);

		fprintf(out, "%zu %.9f %u\n", i, length, reason->colour);
		chart_label(page, TEXT_LEFT, PAGE_LEFT + 3, y - 17, "%s", name);
		chart_label(page, TEXT_RIGHT, PAGE_LEFT - 10, y, "%s", reason->word);
		chart_label(page, TEXT_GREY, PAGE_LEFT + 8 + length / range * PLOT_WIDTH, y, "%s", sum);
		free(sum);
		free(name);
	}
	fprintf(out,
		"EOD\nset xrange [0:%.9f]\nset yrange [%zu:0]\n"
		"plot $bars using ($2/2):($1+0.68):($2/2):(0.19):3 with boxxyerror lc rgb variable notitle\n",
		range, bars);
	chart_label(page, TEXT_CENTRE, PAGE_LEFT + PLOT_WIDTH / 2.0, top + BAR_ROW * (double)bars + 42,
		    "%s that workers were blocked", unit > 1e6 ? "seconds" : "milliseconds");
	free(root);
}

static void text(struct chart_text *page, const struct model *m)
{
	size_t room = page->columns > 60 ? page->columns - 40 : 20; /* beside the amount and the reason */
	char *root = place_root(m);

	for (size_t i = 0; i < bars_of(m); i++) {
		const struct blocker *b = &m->blocker[i];
		const struct reason_info *reason = reason_info(b->reason);
		char *name = title(m, i, root, page->columns - 4, false), *sum = amount(b);
		double share = m->blocker[0].total ? (double)b->total / (double)m->blocker[0].total : 0;
		size_t length = (size_t)(share * (double)room + 0.5);
		char *bar = xmalloc(length + 2);

		length = length ? length : 1;
		memset(bar, reason->cue, length);
		bar[length] = '\0';
		chart_row(page, "%2zu  %s", i + 1, name);
		chart_row(page, "    %s %s, %s", bar, sum, reason->word);
		free(bar);
		free(sum);
		free(name);
	}
	if (m->ranked == 0)
		chart_row(page, "No code blocked a worker.");
	free(root);
}

const struct chart_panel panel_blockers = {height, draw, text};
