/* SPDX-License-Identifier: Apache-2.0 */
/* timeline.c - when each worker was blocked: a lane for each worker, with its blocks coloured by reason. */
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/units.h"
#include "chart/page.h"
#include "judge/reasons.h"

#define LEGEND 28 /* below the heading */
#define LANES_SHOWN 64
#define LANES_HEIGHT 480

struct lanes {
	size_t count;
	size_t *of; /* the lane of each worker; SIZE_MAX: none */
};

static int by_blocked(const void *left, const void *right)
{
	const struct worker *a = *(const struct worker *const *)left,
			    *b = *(const struct worker *const *)right;

	return (a->blocked < b->blocked) - (a->blocked > b->blocked);
}

/* Gives the most blocked workers a lane each, in the model's order. The caller frees .of. */
static struct lanes assign_lanes(const struct model *m)
{
	const struct worker **sorted = xmalloc((m->workers + 1) * sizeof *sorted);
	struct lanes lanes = {0, xmalloc((m->workers + 1) * sizeof *lanes.of)};

	for (size_t i = 0; i < m->workers; i++) {
		sorted[i] = &m->worker[i];
		lanes.of[i] = SIZE_MAX;
	}
	qsort(sorted, m->workers, sizeof *sorted, by_blocked);
	for (size_t i = 0; i < m->workers && i < LANES_SHOWN; i++)
		lanes.of[sorted[i] - m->worker] = 0;
	for (size_t i = 0; i < m->workers; i++)
		if (lanes.of[i] == 0)
			lanes.of[i] = lanes.count++;
	free(sorted);
	return lanes;
}

static double lane_height(size_t lanes)
{
	double height = LANES_HEIGHT / (lanes ? (double)lanes : 1);

	return height > 36 ? 36 : height < 13 ? 13 : height;
}

static double height(const struct model *m)
{
	size_t lanes = m->workers < LANES_SHOWN ? m->workers : LANES_SHOWN;

	return HEADING + LEGEND + lane_height(lanes) * (lanes ? (double)lanes : 1) + AXIS_HEIGHT;
}

/* "the newest 5 of 9 blocks; the 64 most blocked of 100 workers", or "". The caller frees it. */
static char *left_out(const struct model *m, size_t lanes)
{
	char *blocks = chart_left_out(m);

	if (lanes == m->workers)
		return blocks;
	char *both = text_format("%s%sthe %zu most blocked of %zu workers", blocks, *blocks ? "; " : "",
				 lanes, m->workers);

	free(blocks);
	return both;
}

/* Is part of the span on a lane, within the time that counts? Then sets that part, in ns from the start. */
static bool inside(const struct model *m, const struct lanes *lanes, const struct span *s, uint64_t *start,
		   uint64_t *end)
{
	if (s->worker >= m->workers || lanes->of[s->worker] == SIZE_MAX || s->start >= m->end ||
	    s->start + s->duration <= m->start)
		return false;
	*start = s->start > m->start ? s->start - m->start : 0;
	*end = s->start + s->duration - m->start;
	if (*end > m->end - m->start)
		*end = m->end - m->start;
	return true;
}

/* Boxes of the same colour less than a pixel apart are merged. */
struct box {
	double start, end;
	enum reason reason;
	bool used;
};

static void put_box(FILE *out, size_t lane, const struct box *box)
{
	if (box->used)
		fprintf(out, "%zu %.6f %.6f %u\n", lane, box->start, box->end,
			reason_info(box->reason)->colour);
}

/* Writes the boxes of the lanes, and notes their reasons. Returns how many blocks they show. */
static size_t box_data(struct chart_page *page, const struct lanes *lanes, bool *present)
{
	const struct model *m = page->model;
	struct box *open = xcalloc(m->workers + 1, sizeof *open);
	double range = (double)(m->end - m->start) / 1e9, pixel = range / PLOT_WIDTH;
	size_t boxes = 0;
	uint64_t from, to;

	fputs("$blocks << EOD\n", page->out);
	for (size_t i = 0; i < m->spans; i++) {
		const struct span *s = &m->span[i];

		if (!inside(m, lanes, s, &from, &to))
			continue;
		double start = (double)from / 1e9, end = (double)to / 1e9;
		struct box *box = &open[s->worker];

		present[s->reason] = true;
		boxes++;
		/* It would be invisible. So a lane has about as many boxes as pixels, not as blocks. */
		if (box->used && end <= box->end && end - start < pixel)
			continue;

		/* Make it long enough to see. */
		end = end - start < 1.5 * pixel ? start + 1.5 * pixel : end;
		end = end > range ? range : end;
		if (box->used && box->reason == s->reason && start <= box->end + pixel) {
			box->end = end > box->end ? end : box->end;
			continue;
		}
		put_box(page->out, lanes->of[s->worker], box);
		*box = (struct box){start, end, s->reason, true};
	}
	for (size_t i = 0; i < m->workers; i++)
		put_box(page->out, lanes->of[i], &open[i]);
	fputs("EOD\n", page->out);
	free(open);
	return boxes;
}

static char *worker_name(const struct worker *w, size_t columns, bool utf8)
{
	char *safe = escape_terminal(w->comm, utf8), *name = text_shorten(safe, columns, utf8);
	char *both = text_format("%s %ld", name, w->tid);

	free(name);
	free(safe);
	return both;
}

static void draw(struct chart_page *page, double top)
{
	const struct model *m = page->model;
	struct lanes lanes = assign_lanes(m);
	double each = lane_height(lanes.count), count = lanes.count ? (double)lanes.count : 1;
	double range = (double)(m->end - m->start) / 1e9, bottom = top + HEADING + LEGEND + each * count;
	bool present[REASON_COUNT] = {false};
	char *missing = left_out(m, lanes.count);
	FILE *out = page->out;

	chart_label(page, TEXT_HEADING, 24, top + 14, "When, on which worker%s%s%s", *missing ? " (" : "",
		    missing, *missing ? ")" : "");
	chart_plot(page, PAGE_LEFT, PAGE_LEFT + PLOT_WIDTH, top + HEADING + LEGEND, bottom);
	fputs("$lanes << EOD\n", out);
	if (!lanes.count)
		fputs("0\n", out);
	for (size_t i = 0; i < m->workers; i++) {
		if (lanes.of[i] == SIZE_MAX)
			continue;
		char *name = worker_name(&m->worker[i], 16, true);

		fprintf(out, "%zu\n", lanes.of[i]);
		chart_label(page, each < 18 ? TEXT_TINY_RIGHT : TEXT_RIGHT, PAGE_LEFT - 10,
			    top + HEADING + LEGEND + each * ((double)lanes.of[i] + 0.5), "%s", name);
		free(name);
	}
	fputs("EOD\n", out);
	size_t boxes = box_data(page, &lanes, present);

	/* Where blocks are left out, the lane must not look as if the worker was not blocked. */
	double known = m->spans && m->spans < chart_blocks(m) && m->span[0].start > m->start
			       ? (double)(m->span[0].start - m->start) / 1e9
			       : 0;

	range = range > 0 ? range : 1;
	known = known < range ? known : 0;
	fprintf(out, "set xrange [0:%.9f]\nset yrange [%g:0]\n", range, count);
	fprintf(out,
		"plot $lanes using (%.9f):($1+0.5):(%.9f):(0.42) with boxxyerror lc rgb '#f2f2f2' notitle",
		(known + range) / 2, (range - known) / 2);
	if (boxes)
		fputs(", \\\n $blocks using (($2+$3)/2):($1+0.5):(($3-$2)/2):(0.42):4 with boxxyerror lc rgb "
		      "variable notitle",
		      out);
	fputc('\n', out);
	chart_legend(page, present, top + HEADING + LEGEND / 2.0 - 3);
	chart_label(page, TEXT_CENTRE, PAGE_LEFT + PLOT_WIDTH / 2.0, bottom + 42,
		    "seconds since the trace began");
	free(missing);
	free(lanes.of);
}

/* A cell shows the reason with most of its time. Columns for the worker's name: */
#define TEXT_NAME 24

static void text_lane(struct chart_text *page, const struct model *m, const struct lanes *lanes,
		      size_t worker, bool *present)
{
	size_t cells = page->columns - TEXT_NAME;
	double cell = (double)(m->end - m->start) / (double)cells;
	double(*spent)[REASON_COUNT] = xcalloc(cells, sizeof *spent);
	char *lane = xmalloc(cells + 1), *name = worker_name(&m->worker[worker], 15, false);
	uint64_t start, end;

	for (size_t i = 0; i < m->spans; i++) {
		const struct span *s = &m->span[i];

		if (s->worker != worker || !inside(m, lanes, s, &start, &end))
			continue;
		present[s->reason] = true;
		for (size_t c = (size_t)((double)start / cell); c < cells && (double)c * cell <= (double)end;
		     c++) {
			double from = (double)c * cell > (double)start ? (double)c * cell : (double)start;
			double to =
				(double)(c + 1) * cell < (double)end ? (double)(c + 1) * cell : (double)end;

			spent[c][s->reason] += to > from ? to - from : 0;
		}
	}
	for (size_t c = 0; c < cells; c++) {
		double most = 0;

		lane[c] = '.';
		for (size_t i = 0; i < REASON_COUNT; i++)
			if (spent[c][i] > most) {
				most = spent[c][i];
				lane[c] = reason_info((enum reason)i)->cue;
			}
	}
	lane[cells] = '\0';
	chart_row(page, "%*s %s", TEXT_NAME - 1, name, lane);
	free(name);
	free(lane);
	free(spent);
}

static void text(struct chart_text *page, const struct model *m)
{
	struct lanes lanes = assign_lanes(m);
	bool present[REASON_COUNT] = {false};
	char *missing = left_out(m, lanes.count);
	char time[UNIT_SIZE];

	chart_row(page, "When, on which worker%s%s%s", *missing ? " (" : "", missing, *missing ? ")" : "");
	for (size_t i = 0; i < m->workers && m->end > m->start; i++)
		if (lanes.of[i] != SIZE_MAX)
			text_lane(page, m, &lanes, i, present);
	chart_row(page, "%*s 0%*s", TEXT_NAME - 1, "", (int)page->columns - TEXT_NAME - 1,
		  unit_duration(time, m->end - m->start));
	chart_text_legend(page, present);
	free(missing);
	free(lanes.of);
}

const struct chart_panel panel_timeline = {height, draw, text};
