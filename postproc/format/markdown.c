/* SPDX-License-Identifier: Apache-2.0 */
/* markdown.c - the ranked blockers as a table in GitHub-flavoured Markdown, for pull requests and issues. */
#include <errno.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>

#include "base/escape.h"
#include "base/units.h"
#include "format/formats.h"
#include "judge/reasons.h"
#include "report/source-path.h"
#include "report/waits.h"
#include "tally/standing.h"

#define STANDING_ROWS 5	 /* groups of tasks, without --verbose */
#define NAME_COLUMNS 100 /* of functions, tasks and locations; longer ones lose their middle */

/* Text that the target chose. */
static void code(FILE *out, const struct report_options *options, const char *raw,
		 char *(*shorten)(const char *, size_t, bool))
{
	char *text = escape_utf8(raw);
	char *fitting = options->verbose ? xstrdup(text) : shorten(text, NAME_COLUMNS, true);
	char *safe = escape_markdown(fitting);

	fputs(safe, out);
	free(safe);
	free(fitting);
	free(text);
}

static void head(FILE *out, const struct model *m, const struct report_options *options)
{
	const char *name = m->target.name ? m->target.name : m->target.exe;
	char time[UNIT_SIZE], share[UNIT_SIZE], blocked[UNIT_SIZE], waited[UNIT_SIZE], threshold[UNIT_SIZE];
	char lost[UNIT_SIZE];

	size_t workers = m->workers - m->main_futures.threads;

	fputs("**hud-trace** ", out);
	code(out, options, name ? name : "?", text_shorten);
	fprintf(out, ": %zu worker%s for %s, blocked %s of their time (%s; threshold %s)", workers,
		workers == 1 ? "" : "s", unit_duration(time, m->end - m->start),
		unit_share(share, m->blocked, m->worker_time), unit_duration(blocked, m->blocked),
		unit_setting(threshold, m->target.threshold));
	if (m->run_queue)
		fprintf(out, ", waited %s for a CPU", unit_duration(waited, m->run_queue));
	if (m->lost)
		fprintf(out, ", %s event%s lost", unit_count(lost, m->lost), m->lost == 1 ? "" : "s");
	fputs(".\n", out);
}

/* Is it known of one of the first `rows` blockers which ready tasks it held up? */
static bool held_up_known(const struct model *m, size_t rows)
{
	for (size_t i = 0; i < rows; i++)
		if (m->blocker[i].held_up.known)
			return true;
	return false;
}

/* "212/380": ready tasks, median and most; "-" if not known. */
static void held_up(FILE *out, const struct held_up *h)
{
	char median[UNIT_SIZE], most[UNIT_SIZE];

	if (h->known)
		fprintf(out, "%s/%s | ", unit_count(median, histogram_quantile(&h->tasks, 0.5)),
			unit_count(most, h->tasks.max));
	else
		fputs("- | ", out);
}

/* Estimated times are marked as in the report; a single tilde is no markup. */
static void row(FILE *out, const struct model *m, size_t rank, const char *root, bool with_held_up,
		const struct report_options *options)
{
	const struct blocker *b = &m->blocker[rank];
	char *place = place_text(root, b->file, b->line);
	char total[UNIT_SIZE], share[UNIT_SIZE], count[UNIT_SIZE], max[UNIT_SIZE], p50[UNIT_SIZE],
		p99[UNIT_SIZE];

	fprintf(out, "| %zu | %s%s | %s | %s | %s | %s | %s | ", rank + 1, b->estimated ? "\\~" : "",
		unit_duration(total, b->total),
		unit_share(share, b->total, b->main_future ? m->main_futures.time : m->worker_time),
		unit_count(count, b->count), unit_duration(max, b->max),
		unit_duration(p50, histogram_quantile(&b->durations, 0.5)),
		unit_duration(p99, histogram_quantile(&b->durations, 0.99)));
	if (with_held_up)
		held_up(out, &b->held_up);
	fprintf(out, "%s | ", reason_info(b->reason)->word);
	code(out, options, b->function, text_shorten);
	fputs(" | ", out);
	code(out, options, b->task, text_shorten);
	fputs(" | ", out);
	code(out, options, place, text_shorten_path);
	fputs(" |\n", out);
	free(place);
}

/* What is not in the table, so that everything adds up. */
static void rest(FILE *out, const struct model *m, size_t from)
{
	uint64_t total = 0;
	char time[UNIT_SIZE], count[UNIT_SIZE];

	for (size_t i = from; i < m->ranked; i++)
		total += m->blocker[i].total;
	fprintf(out, "\n%s more, together %s.\n", unit_count(count, m->ranked - from),
		unit_duration(time, total));
}

/* Waits for a CPU, which are no code's. */
static void waits(FILE *out, const struct model *m, const struct report_options *options)
{
	size_t count, top = options->top ? options->top : 10;
	struct wait *wait = waits_of(m, &count);
	char total[UNIT_SIZE], share[UNIT_SIZE], times[UNIT_SIZE], max[UNIT_SIZE];

	if (count)
		fputs("\nWaits for a CPU, which are not part of the blocked time:\n\n"
		      "| total | of worker time | count | max | who waited | for whom |\n"
		      "|------:|---------------:|------:|----:|------------|----------|\n",
		      out);
	for (size_t i = 0; i < count && i < top; i++) {
		char *whom = waits_for_whom(&wait[i]);

		fprintf(out, "| %s | %s | %s | %s | ", unit_duration(total, wait[i].total),
			unit_share(share, wait[i].total,
				   wait[i].of->main_future ? m->main_futures.time : m->worker_time),
			unit_count(times, wait[i].count), unit_duration(max, wait[i].max));
		code(out, options, wait[i].of->function, text_shorten);
		fputs(" | ", out);
		code(out, options, whom, text_shorten);
		fputs(" |\n", out);
		free(whom);
	}
	if (count > top)
		fprintf(out, "\n%s more.\n", unit_count(times, count - top));
	free(wait);
}

/* Where all tasks stood, at the last look. */
static void standing(FILE *out, const struct model *m, const struct report_options *options)
{
	size_t count = 0, top = options->verbose ? SIZE_MAX : STANDING_ROWS;
	const struct standing_group **group =
		m->standing ? standing_sorted(m->standing, false, &count) : NULL;
	char tasks[UNIT_SIZE];

	if (count)
		fprintf(out,
			"\n%s task%s at a look at all tasks:\n\n| tasks | state | future | waits for "
			"|\n|------:|-------|--------|-----------|\n",
			unit_count(tasks, m->standing->tasks), m->standing->tasks == 1 ? "" : "s");
	for (size_t i = 0; i < count && i < top; i++) {
		fprintf(out, "| %s | ", unit_count(tasks, group[i]->count));
		code(out, options, group[i]->state ? group[i]->state : "", text_shorten);
		fputs(" | ", out);
		code(out, options, group[i]->future ? group[i]->future : "", text_shorten);
		fputs(" | ", out);
		code(out, options, group[i]->place, text_shorten);
		fputs(" |\n", out);
	}
	if (count > top)
		fprintf(out, "\n%zu groups more.\n", count - top);
	free(group);
}

int format_markdown(FILE *out, const struct model *m, const struct report_options *options)
{
	size_t top = options->top ? options->top : 10;
	size_t rows = m->ranked < top ? m->ranked : top;
	bool with_held_up = held_up_known(m, rows);
	char *root = place_root(m);

	errno = 0;
	head(out, m, options);
	if (rows)
		fprintf(out,
			"\n| # | total | of worker time | count | max | p50 | p99 |%s why | function | task "
			"| "
			"where |\n"
			"|--:|------:|---------------:|------:|----:|----:|----:|%s-----|----------|------|--"
			"-----|\n",
			with_held_up ? " held up tasks |" : "", with_held_up ? "--------------:|" : "");
	for (size_t i = 0; i < rows; i++)
		row(out, m, i, root, with_held_up, options);
	if (rows < m->ranked)
		rest(out, m, rows);
	waits(out, m, options);
	standing(out, m, options);
	free(root);
	return fflush(out) != 0 || ferror(out) ? -1 : 0;
}
