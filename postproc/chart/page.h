/* SPDX-License-Identifier: Apache-2.0 */
/* page.h - the chart's page as a gnuplot script: panels below each other, and functions for panels to draw
 * with.
 *
 * Sizes are in pixels from the top left. Every text is a row of a data block, quoted by escape_gnuplot():
 * names that the target controls are never part of gnuplot's code.
 */
#ifndef HUD_CHART_PAGE_H
#define HUD_CHART_PAGE_H

#include <stdint.h>
#include <stdio.h>

#include "chart/chart.h"
#include "tally/model.h"

enum chart_file { CHART_PNG, CHART_SVG, CHART_PDF };

#define PAGE_WIDTH 1400
#define PAGE_LEFT 190 /* left of plots: for reasons and thread names */
#define PAGE_RIGHT 40 /* right of plots */
#define PLOT_WIDTH (PAGE_WIDTH - PAGE_LEFT - PAGE_RIGHT)
#define HEADING 34     /* above a plot: its title */
#define AXIS_HEIGHT 68 /* below a plot: its numbers, their title, and space */

/* How a text looks, and what its coordinates mean. */
enum text_style {
	TEXT_TITLE,
	TEXT_HEADING,
	TEXT_LEFT,
	TEXT_RIGHT,
	TEXT_CENTRE,
	TEXT_GREY, /* left-aligned */
	TEXT_GREY_RIGHT,
	TEXT_TINY_RIGHT,
	TEXT_STYLES
};

struct chart_page {
	FILE *out; /* the script */
	const struct model *model;
	double height;
	unsigned plots;		      /* so far: names of data blocks are numbered */
	FILE *text[TEXT_STYLES];      /* rows: x, y, text */
	FILE *boxes;		      /* rows: left, right, top, bottom, colour */
	char *texts[TEXT_STYLES + 1]; /* their content */
	size_t sizes[TEXT_STYLES + 1];
};

/* Text for a terminal: rows of at most `columns` ASCII characters. */
struct chart_text {
	FILE *rows;
	size_t count;
	unsigned columns;
};

/* One kind of chart. */
struct chart_panel {
	double (*height)(const struct model *model);
	void (*draw)(struct chart_page *page, double top);
	void (*text)(struct chart_text *page, const struct model *model);
};

extern const struct chart_panel panel_blockers, panel_timeline, panel_histogram, panel_heatmap;

/* Writes the script that draws a page of this kind to gnuplot's standard output. */
void chart_page(FILE *script, const struct model *model, enum chart_kind kind, enum chart_file file);

/* Writes the script that prints the same as text of `columns` columns. */
void chart_text(FILE *script, const struct model *model, enum chart_kind kind, unsigned columns);

/* For panels: */

/* Puts printf's text on the page. */
__attribute__((format(printf, 5, 6))) void chart_label(struct chart_page *page, enum text_style style,
						       double x, double y, const char *format, ...);

/* Fills a rectangle. */
void chart_box(struct chart_page *page, double left, double right, double top, double bottom,
	       unsigned colour);

/* Begins the next plot here, with plain linear axes; gnuplot numbers x, not y. */
void chart_plot(struct chart_page *page, double left, double right, double top, double bottom);

/* Gives axis 'x' or 'y' of the plot a logarithmic scale of durations from `low` to `high` ns, with readable
 * marks. */
void chart_log_axis(struct chart_page *page, char axis, double low, double high);

/* Prints printf's text as the next row, cut to the page's columns. */
__attribute__((format(printf, 2, 3))) void chart_row(struct chart_text *page, const char *format, ...);

/* "demo::very...::name  src/x.rs:42" in at most `columns`, safe to show. The caller frees it. */
char *chart_place(const struct blocker *blocker, const char *root, size_t columns, bool utf8);

/* How many blocks the trace has. */
uint64_t chart_blocks(const struct model *model);

/* "the newest 20,000 of 31,415 blocks", or "" if all blocks have a span. The caller frees it. */
char *chart_left_out(const struct model *model);

/* A legend of the spans' reasons: coloured squares with words, or text: "C computing". */
void chart_legend(struct chart_page *page, const bool *present, double y);
void chart_text_legend(struct chart_text *page, const bool *present);

#endif
