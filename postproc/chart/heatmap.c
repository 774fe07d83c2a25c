/* SPDX-License-Identifier: Apache-2.0 */
/* heatmap.c - start of blocks against duration: the more blocks, the darker the cell. */
#include <libiberty/libiberty.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/units.h"
#include "chart/page.h"

#define CELLS_ACROSS 117
#define CELLS_UP 24
#define CELL_HEIGHT 13
#define SHADES 24
#define SHORTEST 1000.0 /* ns: shorter durations are drawn here */

struct cells {
	size_t across, up;
	double low, high; /* ns */
	uint32_t *count;  /* rows, from the shortest durations up */
	uint32_t most;
};

/* Counts the spans into cells. The caller frees .count. */
static struct cells cells_of(const struct model *m, size_t across, size_t up)
{
	struct cells cells = {.across = across, .up = up, .count = xcalloc(across * up, sizeof(uint32_t))};
	double range = (double)(m->end - m->start);

	for (size_t i = 0; i < m->spans; i++) {
		double duration = fmax((double)m->span[i].duration, SHORTEST);

		cells.low = cells.low > 0 && cells.low < duration ? cells.low : duration;
		cells.high = cells.high > duration ? cells.high : duration;
	}
	/* With a single duration the axis needs a range, too. */
	if (cells.high < cells.low * 10) {
		double middle = sqrt(cells.low * cells.high);

		cells.low = middle / sqrt(10);
		cells.high = middle * sqrt(10);
	}
	cells.low /= 1.02;
	cells.high *= 1.02;
	for (size_t i = 0; i < m->spans; i++) {
		const struct span *s = &m->span[i];
		double duration = fmax((double)s->duration, SHORTEST);

		if (range <= 0 || s->start >= m->end || s->start + s->duration <= m->start)
			continue;
		double time = s->start > m->start ? (double)(s->start - m->start) / range : 0;
		size_t x = (size_t)(time * (double)across);
		size_t y = (size_t)(log(duration / cells.low) / log(cells.high / cells.low) * (double)up);
		uint32_t *count =
			&cells.count[(y < up ? y : up - 1) * across + (x < across ? x : across - 1)];

		if (*count < UINT32_MAX)
			++*count;
		if (*count > cells.most)
			cells.most = *count;
	}
	return cells;
}

/* From 0 (one block) to 1 (the most in a cell), logarithmic: counts differ by orders of magnitude. */
static double weight(uint32_t count, uint32_t most)
{
	return most > 1 ? log(count) / log(most) : 1;
}

/* One hue, from light to dark: distinguishable for everyone, and in print. */
static unsigned shade(double weight)
{
	static const unsigned char stops[][3] = {
		{0xb5, 0xd4, 0xec}, {0x5b, 0xa3, 0xd0}, {0x1f, 0x6e, 0xb3}, {0x08, 0x2c, 0x66}};
	double place = weight * 3;
	size_t i = place < 2 ? (size_t)place : 2;
	unsigned colour = 0;

	for (size_t c = 0; c < 3; c++)
		colour = colour << 8 |
			 (unsigned)(stops[i][c] + (stops[i + 1][c] - stops[i][c]) * (place - (double)i));
	return colour;
}

static double height(const struct model *m)
{
	return HEADING + (m->spans ? CELLS_UP * CELL_HEIGHT + AXIS_HEIGHT : 56);
}

static void legend(struct chart_page *page, double top, uint32_t most)
{
	double right = PAGE_LEFT + PLOT_WIDTH;
	char count[UNIT_SIZE];

	if (most <= 1) {
		chart_label(page, TEXT_GREY_RIGHT, right - 20, top + 14, "1 block");
		chart_box(page, right - 14, right, top + 8, top + 20, shade(1));
		return;
	}
	unit_count(count, most);
	double left = right - 10 - 8 * (double)strlen(count) - SHADES * 5;

	for (size_t i = 0; i < SHADES; i++)
		chart_box(page, left + 5 * (double)i, left + 5 * (double)i + 5, top + 8, top + 20,
			  shade((double)i / (SHADES - 1)));
	chart_label(page, TEXT_GREY_RIGHT, left - 6, top + 14, "blocks in a cell: 1");
	chart_label(page, TEXT_GREY, left + SHADES * 5 + 6, top + 14, "%s", count);
}

static void draw(struct chart_page *page, double top)
{
	const struct model *m = page->model;
	char *missing = chart_left_out(m);
	FILE *out = page->out;

	chart_label(page, TEXT_HEADING, 24, top + 14, "When blocks began, and how long they took%s%s%s",
		    *missing ? " (" : "", missing, *missing ? ")" : "");
	free(missing);
	if (!m->spans || m->end <= m->start) {
		chart_label(page, TEXT_LEFT, PAGE_LEFT, top + HEADING + 10, "There were none.");
		return;
	}
	struct cells cells = cells_of(m, CELLS_ACROSS, CELLS_UP);
	double seconds = (double)(m->end - m->start) / 1e9, bottom = top + HEADING + CELLS_UP * CELL_HEIGHT;

	legend(page, top, cells.most);
	chart_plot(page, PAGE_LEFT, PAGE_LEFT + PLOT_WIDTH, top + HEADING, bottom);
	chart_log_axis(page, 'y', cells.low, cells.high);
	fprintf(out, "set border 3\nset grid xtics ytics\nset xrange [0:%.9f]\n$cells << EOD\n", seconds);
	double ratio = pow(cells.high / cells.low, 1.0 / CELLS_UP);
	bool any = false;

	for (size_t i = 0; i < cells.across * cells.up; i++) {
		double x = (double)(i % cells.across), y = cells.low * pow(ratio, (double)(i / cells.across));

		if (!cells.count[i])
			continue;
		fprintf(out, "%.9f %.9f %.1f %.1f %u\n", x * seconds / CELLS_ACROSS,
			(x + 1) * seconds / CELLS_ACROSS, y, y * ratio,
			shade(weight(cells.count[i], cells.most)));
		any = true;
	}
	fputs("EOD\n", out);
	fprintf(out, "plot %s\n",
		any ? "$cells using 1:3:1:2:3:4:5 with boxxyerror lc rgb variable notitle" : "NaN notitle");
	chart_label(page, TEXT_CENTRE, PAGE_LEFT + PLOT_WIDTH / 2.0, bottom + 42,
		    "seconds since the trace began");
	chart_label(page, TEXT_GREY_RIGHT, PAGE_LEFT - 70, (top + HEADING + bottom) / 2, "duration");
	free(cells.count);
}

#define TEXT_UP 10
#define TEXT_LEFT_COLUMNS 10

static void text(struct chart_text *page, const struct model *m)
{
	static const char ramp[] = ".:-=+*#%@";
	size_t across = page->columns - TEXT_LEFT_COLUMNS;
	char *missing = chart_left_out(m), time[UNIT_SIZE], count[UNIT_SIZE];

	chart_row(page, "When blocks began, and how long they took%s%s%s", *missing ? " (" : "", missing,
		  *missing ? ")" : "");
	free(missing);
	if (!m->spans || m->end <= m->start) {
		chart_row(page, "There were none.");
		return;
	}
	struct cells cells = cells_of(m, across, TEXT_UP);
	char *line = xmalloc(across + 1);

	for (size_t y = TEXT_UP; y-- > 0;) {
		for (size_t x = 0; x < across; x++) {
			uint32_t n = cells.count[y * across + x];

			line[x] = n ? ramp[(size_t)(weight(n, cells.most) * (sizeof ramp - 2))] : ' ';
		}
		line[across] = '\0';
		chart_row(page, "%8s |%s",
			  unit_duration(time, (uint64_t)(cells.low *
							 pow(cells.high / cells.low, (double)y / TEXT_UP))),
			  line);
	}
	chart_row(page, "%9s0%*s", "", (int)across - 1, unit_duration(time, m->end - m->start));
	if (cells.most > 1)
		chart_row(page, "%10sblocks in a cell: %s  (. is 1, @ is %s)", "", ramp,
			  unit_count(count, cells.most));
	else
		chart_row(page, "%10s@ is 1 block", "");
	free(line);
	free(cells.count);
}

const struct chart_panel panel_heatmap = {height, draw, text};
