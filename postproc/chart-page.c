/* chart-page.c - what is on the chart's page. Sizes are in pixels from the top left; gnuplot's screen goes from
 * 0 to 1 and upwards. Names only ever stand in data blocks, quoted by escape_gnuplot. */
#include <inttypes.h>
#include <libiberty/libiberty.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "chart-page.h"
#include "escape.h"
#include "places.h"
#include "reasons.h"
#include "units.h"

#define PAGE_WIDTH 1400
#define LEFT 190   /* of both plots: room for reasons and thread names */
#define RIGHT 40   /* beside them */
#define TITLE 76   /* above the first */
#define BAR_ROW 42 /* a blocker: its name and below it its bar */
#define BARS_SHOWN 12
#define AXIS 56	  /* below a plot: its numbers and what they are */
#define LEGEND 64 /* above the timeline: its title and the colours */
#define LANES_SHOWN 64
#define LANES_HEIGHT 480
#define NAME_COLUMNS 120 /* of a blocker's name and place in the page's font */

#define PLOT_WIDTH (PAGE_WIDTH - LEFT - RIGHT)

struct page {
	FILE *out;
	const struct model *model;
	size_t bars;
	size_t lanes;
	size_t *lane; /* of each worker; SIZE_MAX if it has none */
	double lane_height, height;
};

/* A quoted column of printf's text. */
__attribute__((format(printf, 2, 3))) static void quoted(FILE *out, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	char *text = text_vformat(format, args);
	va_end(args);
	char *safe = escape_gnuplot(text);

	fprintf(out, " %s", safe);
	free(safe);
	free(text);
}

/* "demo::very…::name  src/x.rs:42" in at most `columns`. The caller frees it. */
static char *where(const struct blocker *b, const char *root, size_t columns, bool utf8)
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

/* "~4.15 s in 42 blocks". The caller frees it. */
static char *amount(const struct blocker *b)
{
	char time[UNIT_SIZE], count[UNIT_SIZE];

	return text_format("%s%s in %s %s%s", b->estimated ? "~" : "", unit_duration(time, b->total),
			   unit_count(count, b->count), b->reason == REASON_RUN_QUEUE ? "wait" : "block",
			   b->count == 1 ? "" : "s");
}

static double screen(const struct page *page, double from_top)
{
	return 1 - from_top / page->height;
}

static void margins(const struct page *page, double top, double bottom)
{
	fprintf(page->out, "set lmargin at screen %.6f\nset rmargin at screen %.6f\n",
		(double)LEFT / PAGE_WIDTH, 1 - (double)RIGHT / PAGE_WIDTH);
	fprintf(page->out, "set tmargin at screen %.6f\nset bmargin at screen %.6f\n", screen(page, top),
		screen(page, bottom));
}

static void terminal(const struct page *page, enum chart_kind kind)
{
	int height = (int)page->height;

	switch (kind) {
	case CHART_PNG:
		/* Without cairo, libgd draws, with the font it has. */
		fprintf(page->out,
			"if (strstrt(GPVAL_TERMINALS, ' pngcairo ')) set terminal pngcairo noenhanced "
			"size %d,%d font 'Sans,10' background '#ffffff'; else set terminal png "
			"noenhanced truecolor size %d,%d\n",
			PAGE_WIDTH, height, PAGE_WIDTH, height);
		break;
	case CHART_SVG:
		fprintf(page->out,
			"set terminal svg noenhanced size %d,%d dynamic font 'Sans,13' background "
			"'#ffffff'\n",
			PAGE_WIDTH, height);
		break;
	case CHART_PDF:
		fprintf(page->out, "set terminal pdfcairo noenhanced size %.2fin,%.2fin font 'Sans,9.6'\n",
			PAGE_WIDTH / 100.0, height / 100.0);
		break;
	}
}

/* One line at the bottom with numbers; the plot of nothing has none. */
static void axis(FILE *out)
{
	fputs("set border 1 lc rgb '#808080'\nset xtics nomirror out scale 0.5 textcolor rgb '#404040'\n",
	      out);
}

/* What both plots have in common. */
static void look(FILE *out)
{
	axis(out);
	fputs("set encoding utf8\n"
	      "set grid xtics lt 1 lw 0.5 lc rgb '#e0e0e0'\n"
	      "unset ytics\nunset key\n"
	      "set style fill solid noborder\n",
	      out);
}

static void title_data(const struct page *page)
{
	const struct model *m = page->model;
	const struct target *t = &m->target;
	char share[UNIT_SIZE], time[UNIT_SIZE], threshold[UNIT_SIZE];
	char *raw = escape_terminal(t->name ? t->name : t->exe ? t->exe : "?", true);
	char *name = text_shorten(raw, 60, true);

	fputs("$title << EOD\n0", page->out);
	if (m->worker_time)
		quoted(page->out, "%s (pid %ld): workers blocked %s of their time", name, t->pid,
		       unit_share(share, m->blocked, m->worker_time));
	else
		quoted(page->out, "%s (pid %ld)", name, t->pid);
	quoted(page->out, "%zu worker%s watched for %s, blocks of %s and longer%s", m->workers,
	       m->workers == 1 ? "" : "s", unit_duration(time, m->end - m->start),
	       unit_setting(threshold, t->threshold), m->lost ? "; events were lost: too low" : "");
	fputs("\nEOD\n$nothing << EOD\n0", page->out);
	quoted(page->out, "Nothing blocked a worker for %s or longer.",
	       unit_setting(threshold, t->threshold));
	fputs("\nEOD\n", page->out);
	free(name);
	free(raw);
}

/* What the bars' axis counts in, ns: seconds, or milliseconds if not even the longest bar has one. */
static double axis_unit(const struct page *page)
{
	return page->bars && page->model->blocker[0].total >= 1000000000 ? 1e9 : 1e6;
}

/* The bars' rows: number, length (in the axis's unit), colour, reason, name, amount. */
static void bar_data(const struct page *page)
{
	char *root = place_root(page->model);

	fputs("$bars << EOD\n", page->out);
	for (size_t i = 0; i < page->bars; i++) {
		const struct blocker *b = &page->model->blocker[i];
		const struct reason_info *reason = reason_info(b->reason);
		char *name = where(b, root, NAME_COLUMNS, true), *sum = amount(b);

		fprintf(page->out, "%zu %.9f %u", i, (double)b->total / axis_unit(page), reason->colour);
		quoted(page->out, "%s", reason->word);
		quoted(page->out, "%s", name);
		quoted(page->out, "%s", sum);
		fputc('\n', page->out);
		free(sum);
		free(name);
	}
	fputs("EOD\n", page->out);
	free(root);
}

/* A row's plots: its bar, above it the name, left of it the reason, right of it the amount. */
static void bar_plots(FILE *out)
{
	static const char *const plots[] = {
		"using ($2/2):($1+0.68):($2/2):(0.19):3 with boxxyerror lc rgb variable",
		"using (0):($1+0.27):5 with labels left offset 0.3,0 noenhanced",
		"using (0):($1+0.68):4 with labels right offset -1,0 noenhanced",
		"using 2:($1+0.68):6 with labels left offset 0.7,0 noenhanced textcolor rgb '#404040'",
	};

	for (size_t i = 0; i < sizeof(plots) / sizeof(*plots); i++)
		fprintf(out, ", \\\n $bars %s notitle", plots[i]);
}

static void bars(const struct page *page)
{
	FILE *out = page->out;
	double top = TITLE, bottom = top + BAR_ROW * (page->bars ? (double)page->bars : 1);
	double longest = page->bars ? (double)page->model->blocker[0].total / axis_unit(page) : 0;

	margins(page, top, bottom);
	/* Room beside the longest bar for its amount. */
	fprintf(out, "set xrange [0:%.9f]\nset yrange [%zu:0]\n", longest > 0 ? longest * 1.18 : 1,
		page->bars ? page->bars : 1);
	if (page->bars)
		fprintf(out,
			"set xlabel '%s that workers were blocked' offset 0,0.3 textcolor rgb '#404040'\n",
			axis_unit(page) > 1e6 ? "seconds" : "milliseconds");
	else
		fputs("unset xtics\nunset border\n", out);
	fprintf(out,
		"plot $title using (0):(0):2 with labels left offset screen %.6f,%.6f noenhanced font ',15' "
		"notitle",
		-(LEFT - 24.0) / PAGE_WIDTH, 50 / page->height);
	fprintf(out,
		", \\\n $title using (0):(0):3 with labels left offset screen %.6f,%.6f noenhanced "
		"textcolor rgb '#404040' notitle",
		-(LEFT - 24.0) / PAGE_WIDTH, 24 / page->height);
	if (page->bars)
		bar_plots(out);
	else
		fputs(", \\\n $nothing using (0):(0.5):2 with labels left noenhanced notitle", out);
	fputc('\n', out);
}

/* Boxes closer than a pixel that have the same colour are drawn as one. */
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

/* The lanes' boxes, and which reasons they have. Returns how many boxes there are. */
static size_t box_data(const struct page *page, bool *present)
{
	const struct model *m = page->model;
	struct box *open = xcalloc(m->workers + 1, sizeof *open);
	double range = (double)(m->end - m->start) / 1e9, pixel = range / PLOT_WIDTH;
	size_t boxes = 0;

	fputs("$boxes << EOD\n", page->out);
	for (size_t i = 0; i < m->spans; i++) {
		const struct span *s = &m->span[i];

		if (s->worker >= m->workers || page->lane[s->worker] == SIZE_MAX || s->start >= m->end ||
		    s->start + s->duration <= m->start)
			continue;
		double start = s->start > m->start ? (double)(s->start - m->start) / 1e9 : 0;
		double end = (double)(s->start + s->duration - m->start) / 1e9;
		struct box *box = &open[s->worker];

		present[s->reason] = true;
		boxes++;
		/* Nothing of it would be seen. So a lane has about as many boxes as pixels, not as many as blocks. */
		if (box->used && end <= box->end && end - start < pixel)
			continue;

		/* Shorter than it could be seen. */
		end = end - start < 1.5 * pixel ? start + 1.5 * pixel : end;
		end = end > range ? range : end;
		if (box->used && box->reason == s->reason && start <= box->end + pixel) {
			box->end = end > box->end ? end : box->end;
			continue;
		}
		put_box(page->out, page->lane[s->worker], box);
		*box = (struct box){start, end, s->reason, true};
	}
	for (size_t i = 0; i < m->workers; i++)
		put_box(page->out, page->lane[i], &open[i]);
	fputs("EOD\n", page->out);
	free(open);
	return boxes;
}

/* The lanes' rows: number, name. */
static void lane_data(const struct page *page)
{
	fputs("$lanes << EOD\n", page->out);
	for (size_t i = 0; i < page->model->workers; i++) {
		const struct worker *w = &page->model->worker[i];

		if (page->lane[i] == SIZE_MAX)
			continue;
		char *safe = escape_terminal(w->comm, true), *name = text_shorten(safe, 16, true);

		fprintf(page->out, "%zu", page->lane[i]);
		quoted(page->out, "%s %ld", name, w->tid);
		fputc('\n', page->out);
		free(name);
		free(safe);
	}
	fputs("EOD\n", page->out);
}

static void heading_data(const struct page *page)
{
	const struct model *m = page->model;
	uint64_t blocks = 0;
	char shown[UNIT_SIZE], all[UNIT_SIZE];

	for (size_t i = 0; i < m->blockers; i++)
		blocks += m->blocker[i].count;
	fputs("$heading << EOD\n0", page->out);
	if (m->spans < blocks)
		quoted(page->out, "When, on which worker (the newest %s of %s blocks)",
		       unit_count(shown, m->spans), unit_count(all, blocks));
	else if (page->lanes < m->workers)
		quoted(page->out, "When, on which worker (the %zu most blocked of %zu)", page->lanes,
		       m->workers);
	else
		quoted(page->out, "When, on which worker");
	fputs("\nEOD\n", page->out);
}

static void timeline(const struct page *page)
{
	FILE *out = page->out;
	bool present[REASON_COUNT] = {false};
	double bottom = page->height - AXIS, lanes = page->lanes ? (double)page->lanes : 1;
	double top = bottom - lanes * page->lane_height;
	double range = (double)(page->model->end - page->model->start) / 1e9;
	int small = page->lane_height < 18;

	axis(out);
	heading_data(page);
	lane_data(page);
	size_t boxes = box_data(page, present);

	margins(page, top, bottom);
	fprintf(out, "set xrange [0:%.9f]\nset yrange [%g:0]\n", range > 0 ? range : 1, lanes);
	fputs("set xlabel 'seconds since the trace began'\n", out);
	fprintf(out,
		"set key at screen %.6f,%.6f right bottom horizontal reverse Left noenhanced samplen 1 width "
		"1\n",
		1 - (double)RIGHT / PAGE_WIDTH, screen(page, top - 8));
	fprintf(out,
		"plot $heading using (0):(0):2 with labels left offset screen %.6f,%.6f noenhanced font "
		"',12' notitle",
		-(LEFT - 24.0) / PAGE_WIDTH, (LEGEND - 16) / page->height);
	if (page->lanes) {
		fprintf(out,
			", \\\n $lanes using (%.9f):($1+0.5):(%.9f):(0.42) with boxxyerror lc rgb '#f2f2f2' "
			"notitle",
			range / 2, range / 2);
		fprintf(out,
			", \\\n $lanes using (0):($1+0.5):2 with labels right offset -1,0 noenhanced font "
			"',%g' notitle",
			small ? 7.5 : 9.0);
	}
	if (boxes)
		fputs(", \\\n $boxes using (($2+$3)/2):($1+0.5):(($3-$2)/2):(0.42):4 with boxxyerror lc "
		      "rgb variable notitle",
		      out);
	for (size_t i = 0; i < REASON_COUNT; i++)
		if (present[i])
			fprintf(out, ", \\\n NaN with boxes lc rgb '#%06x' title '%s'",
				reason_info(i)->colour, reason_info(i)->word);
	fputc('\n', out);
}

static int by_blocked(const void *left, const void *right)
{
	const struct worker *a = *(const struct worker *const *)left,
			    *b = *(const struct worker *const *)right;

	return (a->blocked < b->blocked) - (a->blocked > b->blocked);
}

/* Gives the most blocked workers a lane each, in the model's order. */
static void assign_lanes(struct page *page)
{
	const struct model *m = page->model;
	const struct worker **sorted = xmalloc((m->workers + 1) * sizeof *sorted);

	for (size_t i = 0; i < m->workers; i++) {
		sorted[i] = &m->worker[i];
		page->lane[i] = SIZE_MAX;
	}
	qsort(sorted, m->workers, sizeof *sorted, by_blocked);
	for (size_t i = 0; i < m->workers && i < LANES_SHOWN; i++)
		page->lane[sorted[i] - m->worker] = 0;
	for (size_t i = 0; i < m->workers; i++)
		if (page->lane[i] == 0)
			page->lane[i] = page->lanes++;
	free(sorted);
}

void chart_page(FILE *script, const struct model *model, enum chart_kind kind)
{
	struct page page = {.out = script,
			    .model = model,
			    .bars = model->blockers < BARS_SHOWN ? model->blockers : BARS_SHOWN};

	page.lane = xmalloc((model->workers + 1) * sizeof *page.lane);
	assign_lanes(&page);
	double lanes = page.lanes ? (double)page.lanes : 1;

	page.lane_height = LANES_HEIGHT / lanes;
	page.lane_height = page.lane_height > 36 ? 36 : page.lane_height < 13 ? 13 : page.lane_height;
	page.height = TITLE + BAR_ROW * (page.bars ? (double)page.bars : 1) + AXIS + LEGEND +
		      lanes * page.lane_height + AXIS;

	terminal(&page, kind);
	look(script);
	title_data(&page);
	bar_data(&page);
	fputs("set multiplot\n", script);
	bars(&page);
	timeline(&page);
	fputs("unset multiplot\n", script);
	free(page.lane);
}

/* The dumb terminal has one character per cell; with no margins and these ranges a unit is a cell. */
void chart_text(FILE *script, const struct model *model, unsigned columns)
{
	size_t bars = model->blockers < BARS_SHOWN ? model->blockers : BARS_SHOWN;
	size_t rows = bars ? bars * 2 : 1;
	size_t room = columns > 60 ? columns - 40 : 20; /* beside the amount and the reason */
	char *root = place_root(model);

	fprintf(script, "set terminal dumb noenhanced size %u,%zu\n", columns, rows + 1);
	fputs("$rows << EOD\n", script);
	for (size_t i = 0; i < bars; i++) {
		const struct blocker *b = &model->blocker[i];
		const struct reason_info *reason = reason_info(b->reason);
		char *name = where(b, root, columns - 4, false), *sum = amount(b);
		double share =
			model->blocker[0].total ? (double)b->total / (double)model->blocker[0].total : 0;
		size_t length = (size_t)(share * (double)room + 0.5);
		char *bar = xmalloc(length + 2);

		length = length ? length : 1;
		memset(bar, reason->cue, length);
		bar[length] = '\0';
		fprintf(script, "%zu", i * 2);
		quoted(script, "%2zu  %s", i + 1, name);
		fprintf(script, "\n%zu", i * 2 + 1);
		quoted(script, "    %s %s, %s", bar, sum, reason->word);
		fputc('\n', script);
		free(bar);
		free(sum);
		free(name);
	}
	if (bars == 0)
		fputs("0 \"Nothing blocked a worker.\"\n", script);
	fprintf(script,
		"EOD\nset lmargin 0\nset rmargin 0\nset tmargin 0\nset bmargin 0\nunset border\nunset "
		"tics\nunset key\n"
		"set xrange [0:%u]\nset yrange [%zu:0]\n"
		"plot $rows using (0):1:2 with labels left noenhanced notitle\n",
		columns - 1, rows);
	free(root);
}
