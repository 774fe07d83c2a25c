/* SPDX-License-Identifier: Apache-2.0 */
/* page.c - the report as one HTML page that needs nothing else: no network, no other file, and no JavaScript to be
 * read. */
#include <errno.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/escape.h"
#include "base/units.h"
#include "format/formats.h"
#include "format/html/embedded.h"
#include "format/html/html.h"
#include "judge/reasons.h"
#include "report/source-path.h"

static void embedded(FILE *out, const char *const *line)
{
	for (; *line; line++)
		fputs(*line, out);
}

static const char *name_of(const struct model *m)
{
	return m->target.name ? m->target.name : m->target.exe ? m->target.exe : "?";
}

/* The policy lets nothing run but this page's own script, and nothing be loaded, even if a name of the target's were
 * taken for markup. */
static void document_head(struct html *page)
{
	FILE *out = page->out;

	fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
	      "'unsafe-inline'; "
	      "script-src 'sha256-" HTML_SCRIPT_HASH "'\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<meta name=\"generator\" content=\"hud-trace\">\n<title>",
	      out);
	html_name(out, name_of(page->model));
	fputs(" - hud-trace</title>\n<style>\n", out);
	for (size_t r = 0; r < REASON_COUNT; r++)
		fprintf(out, ".r-%s{--c:#%06x}", reason_info((enum reason)r)->id,
			reason_info((enum reason)r)->colour);
	fputs("\n", out);
	embedded(out, html_style);
	fputs("</style></head>\n<body>\n", out);
}

/* The start of the trace by the wall clock; nothing if the stream does not tell. */
static void start_time(FILE *out, const struct model *m)
{
	uint64_t wall = m->target.clock_wall + (m->start - m->target.clock_boot);
	time_t seconds = (time_t)(wall / 1000000000);
	char text[64];
	struct tm utc;

	if (m->target.clock_wall && gmtime_r(&seconds, &utc) &&
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &utc))
		fprintf(out, "%s, ", text);
}

static void figure(FILE *out, const char *name, const char *value, const char *about)
{
	fprintf(out, "<div class=\"card\"><span>%s</span> <b>", name);
	html_text(out, value);
	fputs("</b> <small>", out);
	html_text(out, about);
	fputs("</small></div>\n", out);
}

static void figures(FILE *out, const struct model *m)
{
	char value[UNIT_SIZE], more[UNIT_SIZE];
	char *about;

	fputs("<div class=\"cards\">\n", out);
	about = text_format("%s of %s worker time", unit_duration(value, m->blocked),
			    unit_duration(more, m->worker_time));
	figure(out, "blocked", unit_share(value, m->blocked, m->worker_time), about);
	free(about);
	about = text_format("p99 %s", unit_duration(value, histogram_quantile(&m->blocks, 0.99)));
	figure(out, "longest",
	       unit_duration(more, m->polls && !m->estimated_from ? m->longest_poll : m->blocks.max), about);
	free(about);
	if (m->stalled.workers) {
		about = text_format("with %zu of %zu workers blocked, up to %s", m->stalled.workers,
				    m->stalled.workers, unit_duration(more, m->stalled.longest));
		figure(out, "stalled", unit_duration(value, m->stalled.total), about);
		free(about);
	}
	about = text_format("%s wait%s over the threshold", unit_count(value, m->run_queue_waits.count),
			    m->run_queue_waits.count == 1 ? "" : "s");
	figure(out, "waited for a CPU", unit_duration(more, m->run_queue), about);
	free(about);
	about = text_format("of %s", unit_count(value, m->events + m->lost));
	figure(out, "events lost", m->lost ? unit_count(more, m->lost) : "none", about);
	free(about);
	fputs("</div>\n", out);
}

/* What the text warns of: one paragraph each. */
static void warnings(struct html *page)
{
	char *text = NULL, *line, *rest;
	size_t size = 0;
	struct report report = page->report;

	report.page = (struct page){.out = open_memstream(&text, &size), .width = 100000, .utf8 = true};
	if (!report.page.out)
		xmalloc_failed(0);
	report_warnings(&report);
	fclose(report.page.out);
	rest = text;
	while ((line = strsep(&rest, "\n")) && *line) {
		fputs("<p class=\"warning\">", page->out);
		html_text(page->out, !strncmp(line, "! ", 2) ? line + 2 : line);
		fputs("</p>\n", page->out);
	}
	free(text);
}

static void head(struct html *page)
{
	const struct model *m = page->model;
	FILE *out = page->out;
	size_t workers = m->workers - m->main_futures.threads + m->workers_left_out;
	char time[UNIT_SIZE], threshold[UNIT_SIZE];

	fputs("<header><p class=\"brand\">hud-trace</p><h1>", out);
	html_name(out, name_of(m));
	fprintf(out, "</h1><p class=\"what\">");
	start_time(out, m);
	fprintf(out, "process %ld, %zu worker%s for %s, threshold %s</p>\n", m->target.pid, workers,
		workers == 1 ? "" : "s", unit_duration(time, m->end - m->start),
		unit_setting(threshold, m->target.threshold));
	if (m->blockers) {
		char *verdict = report_verdict(m);

		fputs("<p class=\"verdict\">", out);
		html_text(out, verdict);
		fputs("</p>\n", out);
		free(verdict);
	}
	figures(out, m);
	warnings(page);
	fputs("</header>\n", out);
}

static void contents(struct html *page)
{
	const struct model *m = page->model;
	FILE *out = page->out;

	fputs("<nav>", out);
	if (m->ranked)
		fputs("<a href=\"#ranking\">Ranking</a><a href=\"#blockers\">Blockers</a>", out);
	if (m->timeline.slices)
		fputs("<a href=\"#timeline\">Timeline</a><a href=\"#over-time\">Over time</a>", out);
	if (m->shares)
		fputs("<a href=\"#flame\">Flame graph</a>", out);
	if (m->blocks.count || m->run_queue_waits.count)
		fputs("<a href=\"#durations\">Durations</a>", out);
	if (m->workers)
		fputs("<a href=\"#workers\">Workers</a>", out);
	fputs("<a href=\"#text\">As text</a></nav>\n", out);
}

/* The text has what else is known: how polls were told apart, probes' output, polls by task. */
static void as_text(struct html *page)
{
	char *text = NULL;
	size_t size = 0;
	struct report_options options = {.width = 110, .top = 10, .utf8 = true};
	FILE *out = open_memstream(&text, &size);

	if (!out)
		xmalloc_failed(0);
	report_write(out, page->model, &options);
	fclose(out);
	html_section(page->out, "text", "The report as text", NULL);
	fputs("<details><summary>Show</summary><pre>", page->out);
	for (char *rest = text, *line; (line = strsep(&rest, "\n"));) {
		html_text(page->out, line);
		putc('\n', page->out);
	}
	fputs("</pre></details>\n</section>\n", page->out);
	free(text);
}

int format_html(FILE *out, const struct model *m, const struct report_options *options)
{
	struct html page = {
		.out = out,
		.model = m,
		.rows = options->top ? options->top : HTML_ROWS,
		.report = {.model = m, .options = *options, .root = place_root(m), .held = held_index_new(m)},
	};

	errno = 0;
	page.report.options.utf8 = true;
	document_head(&page);
	head(&page);
	contents(&page);
	fputs("<main>\n", out);
	html_ranking(&page);
	html_timeline(&page);
	html_over_time(&page);
	html_flame_graph(&page);
	html_blockers(&page);
	html_waits(&page);
	html_histograms(&page);
	html_workers(&page);
	html_tasks(&page);
	as_text(&page);
	fputs("</main>\n<script>", out);
	embedded(out, html_script);
	fputs("</script>\n</body></html>\n", out);
	held_index_free(page.report.held);
	free(page.report.root);
	return fflush(out) != 0 || ferror(out) ? -1 : 0;
}
