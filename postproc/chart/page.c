/* SPDX-License-Identifier: Apache-2.0 */
/* page.c - see page.h. Plots are drawn where they are on the page. Texts and legends are in one last plot
 * over all of them, whose coordinates are the page's pixels. */
#include <libiberty/libiberty.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/units.h"
#include "chart/page.h"
#include "judge/reasons.h"
#include "report/source-path.h"

#define TITLE 76 /* above the first panel */

static const struct {
	double size;
	const char *options;
} styles[TEXT_STYLES] = {
	[TEXT_TITLE] = {15, "left"},
	[TEXT_HEADING] = {12, "left"},
	[TEXT_LEFT] = {10, "left"},
	[TEXT_RIGHT] = {10, "right"},
	[TEXT_CENTRE] = {10, "center textcolor rgb '#404040'"},
	[TEXT_GREY] = {10, "left textcolor rgb '#404040'"},
	[TEXT_GREY_RIGHT] = {10, "right textcolor rgb '#404040'"},
	[TEXT_TINY_RIGHT] = {7.5, "right"},
};

/* CHART_ALL is every other kind, and each list ends with NULL. */
static const struct chart_panel *const kinds[CHART_KINDS][CHART_KINDS] = {
	[CHART_ALL] = {&panel_blockers, &panel_timeline, &panel_histogram, &panel_heatmap},
	[CHART_TIMELINE] = {&panel_timeline},
	[CHART_BLOCKERS] = {&panel_blockers},
	[CHART_HISTOGRAM] = {&panel_histogram},
	[CHART_HEATMAP] = {&panel_heatmap},
};

/* A quoted column with printf's text. */
static void quoted(FILE *out, const char *format, va_list args)
{
	char *text = text_vformat(format, args);
	char *safe = escape_gnuplot(text);

	fprintf(out, " %s\n", safe);
	free(safe);
	free(text);
}

void chart_label(struct chart_page *page, enum text_style style, double x, double y, const char *format, ...)
{
	va_list args;

	fprintf(page->text[style], "%.1f %.1f", x, y);
	va_start(args, format);
	quoted(page->text[style], format, args);
	va_end(args);
}

void chart_box(struct chart_page *page, double left, double right, double top, double bottom, unsigned colour)
{
	fprintf(page->boxes, "%.1f %.1f %.1f %.1f %u\n", left, right, top, bottom, colour);
}

void chart_plot(struct chart_page *page, double left, double right, double top, double bottom)
{
	page->plots++;
	fprintf(page->out,
		"set lmargin at screen %.6f\nset rmargin at screen %.6f\n"
		"set tmargin at screen %.6f\nset bmargin at screen %.6f\n",
		left / PAGE_WIDTH, right / PAGE_WIDTH, 1 - top / page->height, 1 - bottom / page->height);
	fputs("unset logscale\nunset ytics\n"
	      "set border 1 lc rgb '#808080'\n"
	      "set xtics autofreq nomirror out scale 0.5 textcolor rgb '#404040'\n"
	      "set grid xtics noytics lt 1 lw 0.5 lc rgb '#e0e0e0'\n",
	      page->out);
}

void chart_log_axis(struct chart_page *page, char axis, double low, double high)
{
	static const unsigned steps[] = {1, 2, 5};
	bool fine = high / low < 2000, first = true;
	char text[UNIT_SIZE];

	fprintf(page->out,
		"set logscale %c\nset %crange [%.0f:%.0f]\nset %ctics nomirror out scale 0.5 textcolor rgb "
		"'#404040' (",
		axis, axis, low, high, axis);
	for (uint64_t decade = 100; decade < UINT64_C(10000000000000000) && (double)decade <= high;
	     decade *= 10)
		for (size_t i = 0; i < (fine ? 3 : 1); i++) {
			uint64_t at = decade * steps[i];

			if ((double)at < low || (double)at > high)
				continue;
			fprintf(page->out, "%s'%s' %.0f", first ? "" : ", ", unit_setting(text, at),
				(double)at);
			first = false;
		}
	fputs(")\n", page->out);
}

void chart_legend(struct chart_page *page, const bool *present, double y)
{
	double x = PAGE_LEFT;

	for (size_t i = 0; i < REASON_COUNT; i++) {
		const struct reason_info *reason = reason_info((enum reason)i);

		if (!present[i])
			continue;
		chart_box(page, x, x + 14, y - 6, y + 6, reason->colour);
		chart_label(page, TEXT_LEFT, x + 20, y, "%s", reason->word);
		x += 44 + 7.5 * (double)strlen(reason->word);
	}
}

void chart_text_legend(struct chart_text *page, const bool *present)
{
	char *line = xstrdup("");

	for (size_t i = 0; i < REASON_COUNT; i++) {
		const struct reason_info *reason = reason_info((enum reason)i);

		if (!present[i])
			continue;
		if (strlen(line) + strlen(reason->word) + 4 > page->columns) {
			chart_row(page, "%s", line);
			*line = '\0';
		}
		char *longer = text_format("%s%s%c %s", line, *line ? "  " : "", reason->cue, reason->word);

		free(line);
		line = longer;
	}
	if (*line)
		chart_row(page, "%s", line);
	free(line);
}

uint64_t chart_blocks(const struct model *model)
{
	uint64_t blocks = 0;

	for (size_t i = 0; i < model->blockers; i++)
		blocks += model->blocker[i].count;
	return blocks;
}

char *chart_left_out(const struct model *model)
{
	uint64_t blocks = chart_blocks(model);
	char shown[UNIT_SIZE], all[UNIT_SIZE];

	if (model->spans >= blocks)
		return xstrdup("");
	return text_format("the newest %s of %s blocks", unit_count(shown, model->spans),
			   unit_count(all, blocks));
}

char *chart_place(const struct blocker *b, const char *root, size_t columns, bool utf8)
{
	char *full_place = place_text(root, b->file, b->line), *name = escape_terminal(b->function, utf8);
	char *safe_place = escape_terminal(full_place, utf8);
	char *place = text_shorten_path(safe_place, columns * 2 / 5, utf8);
	size_t taken = *place ? text_width(place) + 2 : 0;
	char *shortened = text_shorten(name, columns - taken, utf8);
	char *both = text_format("%s%s%s", shortened, *place ? "  " : "", place);

	free(shortened);
	free(place);
	free(safe_place);
	free(name);
	free(full_place);
	return both;
}

/* Starts the terminal. Returns the size of a point of its font in pixels. */
static double terminal(const struct chart_page *page, enum chart_file file)
{
	int height = (int)page->height;

	switch (file) {
	case CHART_PNG:
		/* Without cairo, libgd draws, with its own font. */
		fprintf(page->out,
			"if (strstrt(GPVAL_TERMINALS, ' pngcairo ')) set terminal pngcairo noenhanced "
			"size %d,%d font 'Sans,10' background '#ffffff'; else set terminal png "
			"noenhanced truecolor size %d,%d\n",
			PAGE_WIDTH, height, PAGE_WIDTH, height);
		return 1;
	case CHART_SVG:
		fprintf(page->out,
			"set terminal svg noenhanced size %d,%d dynamic font 'Sans,13' background "
			"'#ffffff'\n",
			PAGE_WIDTH, height);
		return 1.3;
	case CHART_PDF:
		break;
	}
	fprintf(page->out, "set terminal pdfcairo noenhanced size %.2fin,%.2fin font 'Sans,12.5'\n",
		PAGE_WIDTH / 100.0, height / 100.0);
	return 1.25;
}

static void title(struct chart_page *page)
{
	const struct model *m = page->model;
	const struct target *t = &m->target;
	char share[UNIT_SIZE], time[UNIT_SIZE], threshold[UNIT_SIZE];
	size_t workers = m->workers - m->main_futures.threads;
	char *raw = escape_terminal(t->name ? t->name : t->exe ? t->exe : "?", true);
	char *name = text_shorten(raw, 60, true);

	if (m->worker_time)
		chart_label(page, TEXT_TITLE, 24, 26, "%s (pid %ld): workers blocked %s of their time", name,
			    t->pid, unit_share(share, m->blocked, m->worker_time));
	else
		chart_label(page, TEXT_TITLE, 24, 26, "%s (pid %ld)", name, t->pid);
	chart_label(page, TEXT_GREY, 24, 52, "%zu worker%s watched for %s, blocks of %s and longer%s",
		    workers, workers == 1 ? "" : "s", unit_duration(time, m->end - m->start),
		    unit_setting(threshold, t->threshold), m->lost ? "; events were lost: too low" : "");
	free(name);
	free(raw);
}

/* The last plot, which covers the page. */
static void plot_texts(struct chart_page *page, double point)
{
	FILE *out = page->out;
	bool any = false;

	fclose(page->boxes);
	if (page->sizes[TEXT_STYLES])
		fprintf(out, "$boxes << EOD\n%sEOD\n", page->texts[TEXT_STYLES]);
	for (size_t i = 0; i < TEXT_STYLES; i++) {
		fclose(page->text[i]);
		if (page->sizes[i])
			fprintf(out, "$text%zu << EOD\n%sEOD\n", i, page->texts[i]);
	}
	chart_plot(page, 0, PAGE_WIDTH, 0, page->height);
	fprintf(out, "unset border\nunset xtics\nunset grid\nset xrange [0:%d]\nset yrange [%.1f:0]\nplot ",
		PAGE_WIDTH, page->height);
	if (page->sizes[TEXT_STYLES]) {
		fputs("$boxes using 1:3:1:2:3:4:5 with boxxyerror lc rgb variable notitle", out);
		any = true;
	}
	for (size_t i = 0; i < TEXT_STYLES; i++) {
		if (page->sizes[i])
			fprintf(out, "%s$text%zu using 1:2:3 with labels %s noenhanced font ',%.1f' notitle",
				any ? ", \\\n " : "", i, styles[i].options, styles[i].size * point);
		any |= page->sizes[i] != 0;
	}
	fputc('\n', out);
	for (size_t i = 0; i <= TEXT_STYLES; i++)
		free(page->texts[i]);
}

void chart_page(FILE *script, const struct model *model, enum chart_kind kind, enum chart_file file)
{
	struct chart_page page = {.out = script, .model = model, .height = TITLE};
	double top = TITLE;

	for (size_t i = 0; kinds[kind][i]; i++)
		page.height += kinds[kind][i]->height(model);
	page.height = ceil(page.height);
	for (size_t i = 0; i < TEXT_STYLES; i++)
		page.text[i] = open_memstream(&page.texts[i], &page.sizes[i]);
	page.boxes = open_memstream(&page.texts[TEXT_STYLES], &page.sizes[TEXT_STYLES]);
	for (size_t i = 0; i < TEXT_STYLES; i++)
		if (!page.text[i] || !page.boxes)
			xmalloc_failed(0);

	double point = terminal(&page, file);

	fputs("set encoding utf8\nunset key\nset style fill solid noborder\nset multiplot\n", script);
	title(&page);
	for (size_t i = 0; kinds[kind][i]; i++) {
		kinds[kind][i]->draw(&page, top);
		top += kinds[kind][i]->height(model);
	}
	plot_texts(&page, point);
	fputs("unset multiplot\n", script);
}

void chart_row(struct chart_text *page, const char *format, ...)
{
	va_list args;

	fprintf(page->rows, "%zu", page->count++);
	va_start(args, format);
	quoted(page->rows, format, args);
	va_end(args);
}

/* The dumb terminal has one character per cell; without margins, and with these ranges, a unit is a cell. */
void chart_text(FILE *script, const struct model *model, enum chart_kind kind, unsigned columns)
{
	char *rows;
	size_t size;
	struct chart_text page = {.rows = open_memstream(&rows, &size), .columns = columns};

	if (!page.rows)
		xmalloc_failed(0);
	for (size_t i = 0; kinds[kind][i]; i++) {
		if (i)
			chart_row(&page, " ");
		kinds[kind][i]->text(&page, model);
	}
	fclose(page.rows);
	fprintf(script,
		"set terminal dumb noenhanced size %u,%zu\n"
		"$rows << EOD\n%sEOD\n"
		"set lmargin 0\nset rmargin 0\nset tmargin 0\nset bmargin 0\n"
		"unset border\nunset tics\nunset key\nset xrange [0:%u]\nset yrange [%zu:0]\n"
		"plot $rows using (0):1:2 with labels left noenhanced notitle\n",
		columns, page.count + 1, rows, columns - 1, page.count);
	free(rows);
}
