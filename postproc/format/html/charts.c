/* SPDX-License-Identifier: Apache-2.0 */
/* charts.c - how much was blocked over time, and how long blocks and waits took. */
#include <inttypes.h>
#include <libiberty/libiberty.h>
#include <math.h>
#include <stdlib.h>

#include "base/units.h"
#include "format/html/html.h"
#include "judge/reasons.h"

#define COLUMNS 160
#define HIGH 100
#define BARS 40

/* Time of all workers by reason in each column, us. */
typedef double column[REASON_COUNT];

/* Adds slices, divided among the columns that they reach into. */
static void add_slices(const struct model *m, slice_times *slice, column *columns)
{
	const struct timeline *t = &m->timeline;
	double start = (double)m->start, each = (double)(m->end - m->start) / COLUMNS;

	for (size_t i = 0; i < t->slices; i++) {
		double from = ((double)(t->start + i * t->width) - start) / each,
		       to = from + (double)t->width / each;

		for (double c = floor(from); c < to && c < COLUMNS; c++) {
			double part = fmin(to, c + 1) - fmax(from, c);

			for (size_t r = 0; r < REASON_COUNT && c >= 0; r++)
				columns[(size_t)c][r] += slice[i][r] * part / (to - from);
		}
	}
}

/* The area of one reason, on top of those in `below`, which it is added to. */
static void area(FILE *out, column *columns, enum reason reason, double *below, double most)
{
	double sum = 0;

	for (size_t c = 0; c < COLUMNS; c++)
		sum += columns[c][reason];
	if (sum <= 0)
		return;
	fprintf(out, "<path class=\"r-%s\" d=\"M0 %d", reason_info(reason)->id, HIGH);
	for (size_t c = 0; c < COLUMNS; c++)
		fprintf(out, "L%zu %.1fh1", c, HIGH - HIGH * (below[c] + columns[c][reason]) / most);
	for (size_t c = COLUMNS; c-- > 0;) {
		fprintf(out, "L%zu %.1fh-1", c + 1, HIGH - HIGH * below[c] / most);
		below[c] += columns[c][reason];
	}
	fputs("z\"/>", out);
}

void html_over_time(struct html *page)
{
	const struct model *m = page->model;
	FILE *out = page->out;
	column *columns = xcalloc(COLUMNS, sizeof(*columns));
	double below[COLUMNS] = {0}, most = 0, each = (double)(m->end - m->start) / COLUMNS / 1000;
	char time[UNIT_SIZE];

	if (!m->timeline.slices || m->end <= m->start) {
		free(columns);
		return;
	}
	for (size_t i = 0; i < m->workers; i++)
		if (m->timeline.worker[i])
			add_slices(m, m->timeline.worker[i], columns);
	for (size_t c = 0; c < COLUMNS; c++) {
		double sum = 0;

		for (size_t r = 0; r < REASON_COUNT; r++)
			sum += columns[c][r];
		most = fmax(most, sum);
	}
	most = most > 0 ? most : 1;
	html_section(out, "over-time", "Blocked workers over time",
		     "How many threads were blocked or waited for a CPU at once, on average; by reason.");
	fprintf(out,
		"<div class=\"plot\"><span "
		"class=\"scale\"><span>%.1f</span><span>%.1f</span><span>0</span></span><svg viewBox=\"0 0 "
		"%d %d\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"blocked workers over time\">",
		most / each, most / each / 2, COLUMNS, HIGH);
	for (size_t r = 0; r < REASON_COUNT; r++)
		area(out, columns, (enum reason)r, below, most);
	fputs("</svg></div>\n<div class=\"axis\">", out);
	for (unsigned i = 0; i <= 4; i++)
		fprintf(out, "<span style=\"left:%u%%\">%s</span>", 25 * i,
			i ? unit_duration(time, (m->end - m->start) / 4 * i) : "0");
	fputs("</div>\n</section>\n", out);
	free(columns);
}

/* The histogram's buckets from `first` on, `together` of them in each bar. */
static void histogram(FILE *out, const struct histogram *h, const char *name, enum reason colour)
{
	size_t first = 0, last = HISTOGRAM_BUCKETS - 1, together = 1;
	uint64_t bar[BARS] = {0}, most = 0;
	char text[UNIT_SIZE], more[UNIT_SIZE];

	if (!h->count)
		return;
	while (first < last && !h->bucket[first])
		first++;
	while (last > first && !h->bucket[last])
		last--;
	while (last / together - first / together >= BARS)
		together *= 2;
	for (size_t i = first; i <= last; i++)
		bar[i / together - first / together] += h->bucket[i];
	size_t bars = last / together - first / together + 1;

	for (size_t i = 0; i < bars; i++)
		most = bar[i] > most ? bar[i] : most;
	fprintf(out, "<figure><figcaption>%s: %s</figcaption><div class=\"histogram r-%s\">", name,
		unit_count(text, h->count), reason_info(colour)->id);
	for (size_t i = 0; i < bars; i++) {
		uint64_t low = histogram_bucket_low((first / together + i) * together);

		/* A single one beside thousands would be invisible. */
		fprintf(out, "<i style=\"height:%.1f%%\" title=\"%s from %s\"></i>",
			bar[i] ? fmax(2, 100.0 * (double)bar[i] / (double)most) : 0, unit_count(text, bar[i]),
			unit_duration(more, low));
	}
	fprintf(out, "</div><div class=\"ends\"><span>%s</span>",
		unit_duration(text, histogram_bucket_low(first / together * together)));
	fprintf(out, "<span>%s</span></div><p class=\"about\">p50 <b>%s</b>", unit_duration(text, h->max),
		unit_duration(more, histogram_quantile(h, 0.5)));
	fprintf(out, ", p99 <b>%s</b>, longest <b>%s</b></p></figure>\n",
		unit_duration(more, histogram_quantile(h, 0.99)), text);
}

void html_histograms(struct html *page)
{
	const struct model *m = page->model;

	if (!m->blocks.count && !m->run_queue_waits.count)
		return;
	html_section(page->out, "durations", "How long", "The time axis is logarithmic.");
	fputs("<div class=\"figures\">\n", page->out);
	histogram(page->out, &m->blocks, "Blocks", REASON_COMPUTING);
	histogram(page->out, &m->run_queue_waits, "Waits for a CPU", REASON_RUN_QUEUE);
	fputs("</div>\n</section>\n", page->out);
}
