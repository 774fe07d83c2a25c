/* SPDX-License-Identifier: Apache-2.0 */
/* histogram.c - durations of blocks, and of waits for a CPU: bars on a logarithmic axis, with p50, p99 and
 * max. */
#include <libiberty/libiberty.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "chart/page.h"
#include "judge/reasons.h"

#define MARKS 3
#define MARK_ROW 17 /* above the plot: each mark has its own row, so they never overlap */
#define PLOT_HEIGHT 200
#define MARK_TEXT 100 /* beside the plots: for the longest text of a mark */
#define GAP 140	      /* between the plots: for the numbers of the right one */
#define BARS 48
#define SHORTEST 1000.0 /* ns: shorter durations are drawn here */

struct bins {
	size_t count;
	double edge[BARS + 1]; /* ns */
	uint64_t blocks[BARS], most;
};

/* The histogram's buckets, neighbours merged until there are at most `limit`. */
static struct bins bins_of(const struct histogram *h, size_t limit)
{
	struct bins bins = {0};
	size_t first = 0, last = HISTOGRAM_BUCKETS - 1, together = 1;

	if (!h->count)
		return bins;
	while (first < last && !h->bucket[first])
		first++;
	while (last > first && !h->bucket[last])
		last--;
	while (last / together - first / together >= limit)
		together *= 2;
	bins.count = last / together - first / together + 1;
	for (size_t i = 0; i <= bins.count; i++)
		bins.edge[i] =
			fmax((double)histogram_bucket_low((first / together + i) * together), SHORTEST);
	for (size_t i = first; i <= last; i++)
		bins.blocks[i / together - first / together] += h->bucket[i];
	for (size_t i = 0; i < bins.count; i++)
		if (bins.blocks[i] > bins.most)
			bins.most = bins.blocks[i];
	return bins;
}

static const char *const mark_names[MARKS] = {"p50", "p99", "max"};

static void marks_of(const struct histogram *h, uint64_t marks[MARKS])
{
	marks[0] = histogram_quantile(h, 0.5);
	marks[1] = histogram_quantile(h, 0.99);
	marks[2] = h->max;
}

static double height(const struct model *m)
{
	bool any = m->blocks.count || m->run_queue_waits.count;

	return HEADING + (any ? MARKS * MARK_ROW + PLOT_HEIGHT + AXIS_HEIGHT : 56);
}

/* 1, 2 or 5 times a power of ten, so that there are at most six marks up to `most`. */
static uint64_t step_of(uint64_t most)
{
	uint64_t step = 1;

	for (size_t i = 0; most / step > 5; i++)
		step = i % 3 == 1 ? step / 2 * 5 : step * 2;
	return step;
}

static void plot(struct chart_page *page, double top, double left, double right, const struct histogram *h,
		 const char *what, const char *unit, unsigned colour)
{
	struct bins bins = bins_of(h, BARS);
	uint64_t marks[MARKS], step = step_of(bins.most);
	double plot_top = top + HEADING + MARKS * MARK_ROW, bottom = plot_top + PLOT_HEIGHT;
	char count[UNIT_SIZE], time[UNIT_SIZE];
	FILE *out = page->out;

	if (!h->count) {
		chart_label(page, TEXT_HEADING, left - 60, top + 14, "%s", what);
		chart_label(page, TEXT_LEFT, left, top + HEADING + 20, "There were none.");
		return;
	}
	chart_label(page, TEXT_HEADING, left - 60, top + 14, "%s (%s)", what, unit_count(count, h->count));
	double low = bins.edge[0] / 1.15,
	       high = fmax(bins.edge[bins.count], fmax((double)h->max, SHORTEST)) * 1.15;

	/* With a single duration the axis needs a range, too. */
	if (high < low * 6) {
		double middle = sqrt(low * high);

		low = middle / 2.5;
		high = middle * 2.5;
	}
	chart_plot(page, left, right, plot_top, bottom);
	chart_log_axis(page, 'x', low, high);
	fprintf(out, "$hist%u << EOD\n", page->plots);
	for (size_t i = 0; i < bins.count; i++) {
		/* A single block beside thousands would be invisible. */
		double shown = fmax((double)bins.blocks[i], (double)bins.most * 0.012);

		if (bins.blocks[i])
			fprintf(out, "%.0f %.0f %.3f\n", bins.edge[i],
				bins.edge[i + 1] > bins.edge[i] ? bins.edge[i + 1] : bins.edge[i] * 1.02,
				shown);
	}
	fputs("EOD\n", out);
	fprintf(out,
		"set border 3\nset grid noxtics ytics\nset ytics 0,%llu nomirror out scale 0.5 format "
		"'%%.0f' textcolor rgb "
		"'#404040'\nset yrange [0:%.3f]\n",
		(unsigned long long)step, (double)bins.most * 1.05);
	fprintf(out, "plot $hist%u using 1:($3/2):1:2:(0):3 with boxxyerror lc rgb '#%06x' notitle\n",
		page->plots, colour);
	marks_of(h, marks);
	for (size_t i = 0; i < MARKS; i++) {
		double at = fmax((double)marks[i], SHORTEST);
		double x = left + log(at / low) / log(high / low) * (right - left);
		double y = plot_top - MARK_ROW * (double)(MARKS - i) + 6;

		chart_box(page, x - 0.75, x + 0.75, y, bottom, 0x404040);
		/* To the right of its line, above the start of the lines of longer ones. */
		chart_label(page, TEXT_GREY, x + 5, y + 4, "%s %s", mark_names[i],
			    unit_duration(time, marks[i]));
	}
	chart_label(page, TEXT_CENTRE, (left + right) / 2, bottom + 42, "duration of a %s", unit);
	chart_label(page, TEXT_GREY_RIGHT, left - 8, plot_top - 16, "%ss", unit);
}

static void draw(struct chart_page *page, double top)
{
	const struct model *m = page->model;
	double left = 84, width = (PAGE_WIDTH - left - GAP - MARK_TEXT) / 2;

	plot(page, top, left, left + width, &m->blocks, "How long blocks took", "block", 0x6b7f94);
	left += width + GAP;
	plot(page, top, left, left + width, &m->run_queue_waits, "How long workers waited for a CPU", "wait",
	     reason_info(REASON_RUN_QUEUE)->colour);
}

/* Columns for the duration and its count; the rest is for bars. */
#define TEXT_BARS 14

static void text_one(struct chart_text *page, const struct histogram *h, const char *what)
{
	struct bins bins = bins_of(h, TEXT_BARS);
	size_t room = page->columns - 36;
	char count[UNIT_SIZE], time[UNIT_SIZE];
	uint64_t marks[MARKS];

	if (!h->count) {
		chart_row(page, "%s: there were none", what);
		return;
	}
	chart_row(page, "%s (%s)", what, unit_count(count, h->count));
	marks_of(h, marks);
	for (size_t i = 0; i < bins.count; i++) {
		size_t length = (size_t)((double)bins.blocks[i] / (double)bins.most * (double)room + 0.5);
		char *bar = xmalloc(room + 1), here[32] = "";

		length = bins.blocks[i] && !length ? 1 : length;
		memset(bar, '#', length);
		bar[length] = '\0';
		for (size_t mark = 0; mark < MARKS; mark++) {
			double at = fmax((double)marks[mark], SHORTEST);

			if ((at >= bins.edge[i] || i == 0) &&
			    (at < bins.edge[i + 1] || i + 1 == bins.count)) {
				strcat(here, *here ? " " : "  <- ");
				strcat(here, mark_names[mark]);
			}
		}
		chart_row(page, "%8s %s%s%s%s", unit_duration(time, (uint64_t)bins.edge[i]), bar,
			  *bar ? " " : "", bins.blocks[i] ? unit_count(count, bins.blocks[i]) : "", here);
		free(bar);
	}
	char p50[UNIT_SIZE], p99[UNIT_SIZE];

	chart_row(page, "         p50 %s, p99 %s, max %s", unit_duration(p50, marks[0]),
		  unit_duration(p99, marks[1]), unit_duration(time, marks[2]));
}

static void text(struct chart_text *page, const struct model *m)
{
	text_one(page, &m->blocks, "How long blocks took");
	chart_row(page, " ");
	text_one(page, &m->run_queue_waits, "How long workers waited for a CPU");
}

const struct chart_panel panel_histogram = {height, draw, text};
