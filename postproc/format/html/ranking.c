/* SPDX-License-Identifier: Apache-2.0 */
/* ranking.c - tables of the page: blockers, waits for a CPU, workers, tasks. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/escape.h"
#include "base/units.h"
#include "format/html/html.h"
#include "judge/reasons.h"
#include "report/source-path.h"
#include "report/waits.h"

/* The head of a table that can be sorted: words, separated by '|'. One that begins with '#' is above numbers; one with
 * '-' is left out on small screens. */
static void table(FILE *out, const char *columns)
{
	const char *class = "";

	fputs("<div class=\"scroll\"><table class=\"sortable\"><thead><tr>", out);
	for (const char *c = columns;;) {
		bool number = *c == '#', less = *c == '-';

		class = number ? " class=\"n\"" : less ? " class=\"n less\"" : "";
		fprintf(out, "<th%s scope=\"col\">", class);
		for (c += number || less; *c && *c != '|'; c++)
			putc(*c, out);
		fputs("</th>", out);
		if (!*c++)
			break;
	}
	fputs("</tr></thead><tbody>\n", out);
}

static void table_end(FILE *out)
{
	fputs("</tbody></table></div>\n", out);
}

/* "and 12 more, together 3.4 ms" */
static void rest(FILE *out, size_t more, uint64_t total)
{
	char count[UNIT_SIZE], time[UNIT_SIZE];

	if (more && total)
		fprintf(out, "<p class=\"about\">%s more, together %s.</p>\n", unit_count(count, more),
			unit_duration(time, total));
	else if (more)
		fprintf(out, "<p class=\"about\">%s more.</p>\n", unit_count(count, more));
}

static void less(FILE *out, uint64_t value, const char *text)
{
	fprintf(out, "<td class=\"n less\" data-v=\"%" PRIu64 "\">%s</td>", value, text);
}

/* A duration, a bar that is full for `most`, and how much of `whole` it is. */
static void time_cells(FILE *out, enum reason reason, uint64_t total, uint64_t most, uint64_t whole,
		       bool estimated)
{
	char text[UNIT_SIZE];

	fprintf(out,
		"<td class=\"n strong\" data-v=\"%" PRIu64 "\">%s%s</td><td data-v=\"%" PRIu64
		"\" class=\"share-cell\">",
		total, estimated ? "~" : "", unit_duration(text, total), total);
	html_bar(out, reason, total, most, whole);
	fputs("</td>", out);
}

/* A function, and below it where it is; both raw. */
static void where_cell(FILE *out, size_t link, const char *function, const char *place)
{
	fputs("<td class=\"where\">", out);
	if (link)
		fprintf(out, "<a href=\"#blocker-%zu\">", link);
	fputs("<code>", out);
	html_function(out, function);
	fputs(link ? "</code></a>" : "</code>", out);
	if (place && *place) {
		fputs(" <span class=\"path\">", out);
		html_path(out, place);
		fputs("</span>", out);
	}
	fputs("</td>", out);
}

void html_ranking(struct html *page)
{
	const struct model *m = page->model;
	FILE *out = page->out;
	size_t shown = m->ranked < page->rows ? m->ranked : page->rows;
	uint64_t total = 0;
	char text[UNIT_SIZE];

	if (!m->ranked)
		return;
	html_section(out, "ranking", "What blocked the workers", NULL);
	table(out, "#|#total|of worker time|why|where|task|#count|#max|-p50|-p99");
	for (size_t i = 0; i < shown; i++) {
		const struct blocker *b = &m->blocker[i];
		char *place = place_text(page->report.root, b->file, b->line);

		fprintf(out, "<tr><td class=\"n\" data-v=\"%zu\"><a href=\"#blocker-%zu\">%zu</a></td>",
			i + 1, i + 1, i + 1);
		time_cells(out, b->reason, b->total, m->blocker[0].total, report_time_of(m, b), b->estimated);
		fputs("<td>", out);
		html_reason(out, b->reason);
		fputs("</td>", out);
		where_cell(out, i + 1, b->function, place);
		fputs("<td class=\"task\"><code>", out);
		html_function(out, b->task);
		fputs("</code></td>", out);
		html_number(out, b->count, unit_count(text, b->count));
		html_number(out, b->max, unit_duration(text, b->max));
		uint64_t p50 = histogram_quantile(&b->durations, 0.5),
			 p99 = histogram_quantile(&b->durations, 0.99);

		less(out, p50, unit_duration(text, p50));
		less(out, p99, unit_duration(text, p99));
		fputs("</tr>\n", out);
		free(place);
	}
	table_end(out);
	for (size_t i = shown; i < m->ranked; i++)
		total += m->blocker[i].total;
	rest(out, m->ranked - shown, total);
	fputs("</section>\n", out);
}

void html_waits(struct html *page)
{
	const struct model *m = page->model;
	FILE *out = page->out;
	size_t count;
	struct wait *wait = waits_of(m, &count);
	char text[UNIT_SIZE];

	if (count) {
		html_section(out, "waits", "Waits for a CPU",
			     "Nothing that this code does: it was ready to run, and others had the CPU.");
		table(out, "#total|of worker time|why|who waited|for whom|#count|#max");
	}
	for (size_t i = 0; i < count && i < page->rows; i++) {
		const struct blocker *b = wait[i].of;
		char *whom = waits_for_whom(&wait[i]);

		fputs("<tr>", out);
		time_cells(out, b->reason, wait[i].total, wait[0].total, report_time_of(m, b), false);
		fputs("<td>", out);
		html_reason(out, b->reason);
		fputs("</td>", out);
		where_cell(out, 0, b->function, NULL);
		fputs("<td>", out);
		html_name(out, whom);
		fputs("</td>", out);
		html_number(out, wait[i].count, unit_count(text, wait[i].count));
		html_number(out, wait[i].max, unit_duration(text, wait[i].max));
		fputs("</tr>\n", out);
		free(whom);
	}
	if (count) {
		table_end(out);
		rest(out, count > page->rows ? count - page->rows : 0, 0);
		fputs("</section>\n", out);
	}
	free(wait);
}

static int by_blocked(const void *one, const void *two)
{
	const struct worker *a = *(const struct worker *const *)one, *b = *(const struct worker *const *)two;

	if (a->blocked != b->blocked)
		return a->blocked < b->blocked ? 1 : -1;
	return (a > b) - (a < b);
}

void html_workers(struct html *page)
{
	const struct model *m = page->model;
	FILE *out = page->out;
	const struct worker **worker = malloc((m->workers + 1) * sizeof(*worker));
	char text[UNIT_SIZE];

	if (!worker || !m->workers) {
		free(worker);
		return;
	}
	for (size_t i = 0; i < m->workers; i++)
		worker[i] = &m->worker[i];
	qsort(worker, m->workers, sizeof(*worker), by_blocked);
	html_section(out, "workers", "Workers", NULL);
	table(out, "thread|#id|runs|#blocked|of its time|#blocks|#longest|#waited for a CPU");
	for (size_t i = 0; i < m->workers && i < page->rows; i++) {
		const struct worker *w = worker[i];

		fputs("<tr><td>", out);
		html_name(out, w->comm);
		fprintf(out, "</td><td class=\"n\" data-v=\"%ld\">%ld</td><td>%s</td>", w->tid, w->tid,
			role_name(w->role));
		time_cells(out, REASON_COMPUTING, w->blocked, w->last - w->first, w->last - w->first, false);
		html_number(out, w->blocks, unit_count(text, w->blocks));
		html_number(out, w->longest, unit_duration(text, w->longest));
		html_number(out, w->run_queue, unit_duration(text, w->run_queue));
		fputs("</tr>\n", out);
	}
	table_end(out);
	rest(out, (m->workers > page->rows ? m->workers - page->rows : 0) + m->workers_left_out, 0);
	fputs("</section>\n", out);
	free(worker);
}

void html_tasks(struct html *page)
{
	const struct model *m = page->model;
	FILE *out = page->out;
	size_t all = 0;
	char text[UNIT_SIZE];

	/* Tasks without long polls come last. */
	while (all < m->tasks && m->task[all].total)
		all++;
	if (!all)
		return;
	html_section(out, "tasks", "Tasks", "By the time of their long polls.");
	table(out, "task|#total|#long polls|#max|#p50|#p99");
	for (size_t i = 0; i < all && i < page->rows; i++) {
		const struct task *t = &m->task[i];
		uint64_t p50 = histogram_quantile(&t->durations, 0.5),
			 p99 = histogram_quantile(&t->durations, 0.99);

		fputs("<tr><td class=\"where\"><code>", out);
		html_function(out, t->name ? t->name : "(not known)");
		fputs("</code></td>", out);
		html_number(out, t->total, unit_duration(text, t->total));
		html_number(out, t->durations.count, unit_count(text, t->durations.count));
		html_number(out, t->durations.max, unit_duration(text, t->durations.max));
		html_number(out, p50, unit_duration(text, p50));
		html_number(out, p99, unit_duration(text, p99));
		fputs("</tr>\n", out);
	}
	table_end(out);
	rest(out, all > page->rows ? all - page->rows : 0, 0);
	fputs("</section>\n", out);
}
