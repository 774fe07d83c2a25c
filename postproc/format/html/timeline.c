/* SPDX-License-Identifier: Apache-2.0 */
/* timeline.c - when each worker was blocked: a lane for each, which page.js draws anew to zoom in.
 *
 * Without JavaScript it shows slices of time: the higher the bar, the more of the slice was blocked. The numbers in
 * the page have the slices, for the whole trace, and besides the newest blocks one by one.
 */
#include <inttypes.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>

#include "base/units.h"
#include "format/html/html.h"
#include "judge/reasons.h"

#define ACROSS 2000 /* units of a lane */
#define LEVELS 10   /* heights of a bar */

struct lanes {
	size_t count;
	size_t worker[HTML_LANES];
	size_t *of; /* the lane of each worker; SIZE_MAX: none */
};

static uint64_t busy(const struct worker *w)
{
	return w->blocked + w->run_queue;
}

static int larger_first(const void *one, const void *two)
{
	uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)two;

	return (a < b) - (a > b);
}

/* Gives the most blocked workers a lane each, in the model's order. The caller frees .of. */
static struct lanes lanes_of(const struct model *m)
{
	struct lanes lanes = {.of = xmalloc((m->workers + 1) * sizeof(*lanes.of))};
	uint64_t *sorted = xmalloc((m->workers + 1) * sizeof(*sorted)), least = 0;

	for (size_t i = 0; i < m->workers; i++)
		sorted[i] = busy(&m->worker[i]);
	qsort(sorted, m->workers, sizeof(*sorted), larger_first);
	if (m->workers > HTML_LANES)
		least = sorted[HTML_LANES] + 1;
	for (size_t i = 0; i < m->workers; i++) {
		bool shown = busy(&m->worker[i]) >= least;

		lanes.of[i] = shown ? lanes.count : SIZE_MAX;
		if (shown)
			lanes.worker[lanes.count++] = i;
	}
	free(sorted);
	return lanes;
}

/* A slice as it is drawn. */
struct bar {
	enum reason reason; /* the one with most of its time */
	unsigned percent;   /* of it that was blocked; 0: nothing */
};

static struct bar bar_of(const struct timeline *t, const uint32_t *slice)
{
	struct bar bar = {REASON_COMPUTING, 0};
	uint64_t sum = 0, width = t->width / 1000;

	for (size_t r = 0; r < REASON_COUNT; r++) {
		sum += slice[r];
		if (slice[r] > slice[bar.reason])
			bar.reason = (enum reason)r;
	}
	if (sum)
		bar.percent = sum >= width ? 100 : 1 + (unsigned)(sum * 99 / width);
	return bar;
}

/* Where a slice begins, in units of the lane, within it. */
static unsigned place(const struct model *m, size_t slice)
{
	const struct timeline *t = &m->timeline;
	uint64_t ns = t->start + slice * t->width;

	if (ns <= m->start)
		return 0;
	if (ns >= m->end)
		return ACROSS;
	return (unsigned)((double)(ns - m->start) / (double)(m->end - m->start) * ACROSS);
}

static unsigned level_of(const struct bar *bar)
{
	unsigned level = (bar->percent * LEVELS + 99) / 100;

	return level && level < 2 ? 2 : level;
}

/* The bars of one reason as one path. */
static void path(FILE *out, const struct model *m, slice_times *slice, enum reason reason)
{
	bool begun = false;

	for (size_t i = 0, next; i < m->timeline.slices; i = next) {
		struct bar bar = bar_of(&m->timeline, slice[i]);
		unsigned level = level_of(&bar);

		for (next = i + 1; next < m->timeline.slices; next++) {
			struct bar other = bar_of(&m->timeline, slice[next]);

			if (other.reason != bar.reason || level_of(&other) != level)
				break;
		}
		if (!level || bar.reason != reason)
			continue;
		if (!begun)
			fprintf(out, "<path class=\"r-%s\" d=\"", reason_info(reason)->id);
		begun = true;
		unsigned from = place(m, i), to = place(m, next);

		fprintf(out, "M%u %uh%uv%uh-%uz", from, LEVELS - level, to > from ? to - from : 1, level,
			to > from ? to - from : 1);
	}
	if (begun)
		fputs("\"/>", out);
}

static void lane(struct html *page, size_t worker)
{
	const struct model *m = page->model;
	slice_times *slice = m->timeline.worker[worker];
	FILE *out = page->out;

	fputs("<div class=\"lane\"><span class=\"lane-name\"><span>", out);
	html_name(out, m->worker[worker].comm);
	fprintf(out,
		"</span> <small>%ld</small></span><span class=\"track\"><svg viewBox=\"0 0 %u %u\" "
		"preserveAspectRatio=\"none\" aria-hidden=\"true\">",
		m->worker[worker].tid, ACROSS, LEVELS);
	for (size_t r = 0; slice && r < REASON_COUNT; r++)
		path(out, m, slice, (enum reason)r);
	fputs("</svg></span></div>\n", out);
}

/* For page.js: gap to the slice before, reason, percent; and so on. */
static void slice_data(FILE *out, const struct model *m, slice_times *slice)
{
	const char *comma = "";
	size_t last = 0;

	for (size_t i = 0; slice && i < m->timeline.slices; i++) {
		struct bar bar = bar_of(&m->timeline, slice[i]);

		if (!bar.percent)
			continue;
		fprintf(out, "%s%zu,%u,%u", comma, i - last, (unsigned)bar.reason, bar.percent);
		comma = ",";
		last = i;
	}
}

/* For page.js: lane, us from the start of the block before, duration in us, reason, rank (0: none); and so on. */
static void span_data(FILE *out, const struct model *m, const struct lanes *lanes, size_t first)
{
	int64_t last = (int64_t)m->start;
	const char *comma = "";

	for (size_t i = first; i < m->spans; i++) {
		const struct span *s = &m->span[i];
		size_t rank = (size_t)(s->blocker - m->blocker);

		if (s->worker >= m->workers || lanes->of[s->worker] == SIZE_MAX)
			continue;
		int64_t gap = ((int64_t)s->start - last) / 1000;

		last += gap * 1000;
		fprintf(out, "%s%zu,%" PRId64 ",%" PRIu64 ",%u,%zu", comma, lanes->of[s->worker], gap,
			s->duration / 1000, (unsigned)s->reason, rank < m->ranked ? rank + 1 : 0);
		comma = ",";
	}
}

static void data(struct html *page, const struct lanes *lanes)
{
	const struct model *m = page->model;
	const struct timeline *t = &m->timeline;
	size_t first = m->spans > HTML_SPANS ? m->spans - HTML_SPANS : 0;
	uint64_t blocks = 0, exact = m->start;
	FILE *out = page->out;

	for (size_t i = 0; i < m->blockers; i++)
		blocks += m->blocker[i].count;
	if (blocks > m->spans - first && m->spans)
		exact = m->span[first].start;
	fprintf(out,
		"<script type=\"application/json\" id=\"timeline-data\">{\"range\":%" PRIu64
		",\"exact\":%" PRIu64 ",\"start\":%" PRId64 ",\"width\":%" PRIu64 ",\"reasons\":[",
		(m->end - m->start) / 1000,
		exact > m->start ? (exact - m->start) / 1000
				 : 0, /* from then on every block is there one by one */
		((int64_t)t->start - (int64_t)m->start) / 1000, t->width / 1000);
	for (size_t r = 0; r < REASON_COUNT; r++)
		fprintf(out, "%s\"%s\"", r ? "," : "", reason_info((enum reason)r)->id);
	fputs("],\"lanes\":[", out);
	for (size_t i = 0; i < lanes->count; i++) {
		fputs(i ? ",\n[" : "[", out);
		slice_data(out, m, t->worker[lanes->worker[i]]);
		fputs("]", out);
	}
	fputs("],\n\"blocks\":[", out);
	span_data(out, m, lanes, first);
	fputs("]}</script>\n", out);
}

static void legend(struct html *page)
{
	const struct model *m = page->model;
	bool present[REASON_COUNT] = {false};

	for (size_t i = 0; i < m->blockers; i++)
		present[m->blocker[i].reason] = true;
	fputs("<p class=\"legend\">", page->out);
	for (size_t r = 0; r < REASON_COUNT; r++)
		if (present[r])
			html_reason(page->out, (enum reason)r);
	fputs("</p>\n", page->out);
}

void html_timeline(struct html *page)
{
	const struct model *m = page->model;
	FILE *out = page->out;
	char time[UNIT_SIZE];

	if (!m->timeline.slices || m->end <= m->start)
		return;
	struct lanes lanes = lanes_of(m);

	html_section(
		out, "timeline", "When, on which worker",
		"<span class=\"js\">Wheel, pinch or + and − zoom, dragging moves; a click on a block leads "
		"to its code. "
		"</span><span class=\"nojs\">A bar's height is how much of that time was blocked.</span>");
	legend(page);
	fputs("<div id=\"lanes\" tabindex=\"0\" role=\"group\" aria-label=\"Timeline\">\n", out);
	for (size_t i = 0; i < lanes.count; i++)
		lane(page, lanes.worker[i]);
	fputs("<div class=\"axis\">", out);
	for (unsigned i = 0; i <= 4; i++)
		fprintf(out, "<span style=\"left:%u%%\">%s</span>", 25 * i,
			i ? unit_duration(time, (m->end - m->start) / 4 * i) : "0");
	fputs("</div></div>\n", out);
	if (lanes.count < m->workers)
		fprintf(out, "<p class=\"about\">The %zu most blocked of %zu workers.</p>\n", lanes.count,
			m->workers);
	data(page, &lanes);
	fputs("</section>\n", out);
	free(lanes.of);
}
