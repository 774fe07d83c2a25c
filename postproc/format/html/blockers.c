/* SPDX-License-Identifier: Apache-2.0 */
/* blockers.c - each blocker of the ranking in detail: how the code got there, who was involved, what to do. */
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/units.h"
#include "format/html/html.h"
#include "judge/reasons.h"
#include "report/advice.h"
#include "report/source-path.h"

#define LINES_SHOWN 30	/* of a call chain: of a deep recursion, the middle is left out */
#define CHAINS_OPEN 10	/* of the first blockers; others are unfolded by a click */
#define FOLDED_SHOWN 12 /* of each run of folded frames */

static void term(FILE *out, const char *name)
{
	fprintf(out, "<dt>%s</dt><dd>", name);
}

/* A line of raw text; nothing if NULL. Frees it. */
static void line(FILE *out, const char *name, char *text)
{
	if (!text)
		return;
	term(out, name);
	html_text(out, text);
	fputs("</dd>\n", out);
	free(text);
}

static void frame(const struct html *page, const struct verdict *stack, size_t i)
{
	const struct frame *f = stack->frame[i];
	char *name = place_name(f, false), *place = place_text(page->report.root, f->file, f->line);
	const char *how = f->tail_call ? "tail call" : f->found ? "found" : f->inlined ? "inlined" : NULL;
	FILE *out = page->out;

	fprintf(out, "<li class=\"frame%s%s\"><code>", f->origin == ORIGIN_USER ? " own" : "",
		i == stack->blame ? " blame" : "");
	html_function(out, name);
	fputs("</code>", out);
	if (how)
		fprintf(out, " <small>%s</small>", how);
	if (*place) {
		fputs(" <span class=\"path\">", out);
		html_path(out, place);
		fputs("</span>", out);
	}
	fputs("</li>\n", out);
	free(place);
	free(name);
}

/* Frames of libraries, which can be unfolded. */
static void folded(const struct html *page, const struct verdict *stack, const struct entry *entry)
{
	size_t frames = entry->from - entry->to + 1;
	char *crate = place_crate(stack->frame[entry->from]);

	fputs("<li class=\"folded\"><details><summary>", page->out);
	html_name(page->out, crate);
	fprintf(page->out, ": %zu frames</summary><ol>\n", frames);
	for (size_t i = 0; i < frames && i < FOLDED_SHOWN; i++)
		frame(page, stack, entry->from - i);
	if (frames > FOLDED_SHOWN)
		fprintf(page->out, "<li class=\"more\">%zu more</li>\n", frames - FOLDED_SHOWN);
	fputs("</ol></details></li>\n", page->out);
	free(crate);
}

static void chain(const struct html *page, const struct blocker *b, bool open)
{
	const struct verdict *stack = b->stack;
	struct entry *entries = xmalloc(stack->count * sizeof(*entries));
	size_t n = report_chain_lines(stack, false, entries);
	size_t skip = n > LINES_SHOWN ? n - LINES_SHOWN : 0;
	const char *note = report_chain_note(stack);
	FILE *out = page->out;
	char share[UNIT_SIZE];

	fprintf(out, "<details%s><summary class=\"calls\">Call chain", open ? " open" : "");
	if (b->stacks > 1)
		fprintf(out, " <small>the top one of %zu, %s of the time</small>", b->stacks,
			unit_share(share, b->stack_total, b->total));
	fputs("</summary>\n<ol class=\"chain\">\n", out);
	if (stack->cut)
		fputs("<li class=\"more\">cut here: what called the function below is not known</li>\n", out);
	for (size_t i = 0; i < n; i++) {
		if (skip && i == LINES_SHOWN / 2) {
			fprintf(out, "<li class=\"more\">%zu lines more</li>\n", skip);
			i += skip;
		}
		if (entries[i].folded)
			folded(page, stack, &entries[i]);
		else
			frame(page, stack, entries[i].from);
	}
	fputs("</ol>\n", out);
	if (note)
		fprintf(out, "<p class=\"about\">%s</p>\n", note);
	fputs("</details>\n", out);
	free(entries);
}

/* Who ended the sleep, or had the CPU. */
static void peers(const struct html *page, const struct blocker *b)
{
	FILE *out = page->out;
	char count[UNIT_SIZE], of[UNIT_SIZE], time[UNIT_SIZE];

	if (b->reason == REASON_SLEEP) /* a timer ends it, as its name says */
		return;
	for (size_t i = 0; i < b->peers; i++) {
		const struct peer *p = &b->peer[i];

		term(out, i ? "" : report_peers_role(b));
		if (p->tid == 0) {
			fputs(reason_nobody(b->reason, p->comm), out);
		} else if (p->names) {
			fputs("several threads", out);
		} else {
			char *thread = report_peer_thread(p);

			html_name(out, p->comm);
			fprintf(out, " (%s)", thread);
			free(thread);
		}
		fprintf(out, ", %s of %s times, %s", unit_count(count, p->count), unit_count(of, b->count),
			unit_duration(time, p->total));
		if (p->stack && p->stack->count) {
			const struct frame *f = p->stack->frame[p->stack->blame];
			char *name = place_name(f, false),
			     *place = place_text(page->report.root, f->file, f->line);

			fputs("<br>in <code>", out);
			html_function(out, name);
			fputs("</code> <span class=\"path\">", out);
			html_path(out, place);
			fputs("</span>", out);
			free(place);
			free(name);
		}
		fputs("</dd>\n", out);
	}
}

static void facts(const struct html *page, size_t rank)
{
	const struct blocker *b = &page->model->blocker[rank];
	FILE *out = page->out;
	char text[UNIT_SIZE];
	char *more;

	fputs("<dl>\n", out);
	if (b->syscall) {
		term(out, "system call");
		html_text(out, b->syscall);
		fputs("(2)</dd>\n", out);
	}
	line(out, b->main_future ? "main future" : "task", b->task ? xstrdup(b->task) : NULL);
	line(out, "time", report_made_of(b));
	line(out, "of this", report_elsewhere(b));
	line(out, "held up", report_held_up(b, true));
	if (b->unfinished)
		line(out, "unfinished",
		     text_format("%s had not ended when the trace did", unit_count(text, b->unfinished)));
	peers(page, b);
	for (size_t i = 0; (more = report_held(&page->report, b, i)); i++)
		line(out, i ? "" : "held", more);
	line(out, "lock held", report_holds(&page->report, rank));
	fputs("</dl>\n", out);
}

static void blocker(const struct html *page, size_t rank)
{
	const struct model *m = page->model;
	const struct blocker *b = &m->blocker[rank];
	char *place = place_text(page->report.root, b->file, b->line);
	char total[UNIT_SIZE], share[UNIT_SIZE], count[UNIT_SIZE], max[UNIT_SIZE];
	FILE *out = page->out;

	fprintf(out,
		"<article id=\"blocker-%zu\" class=\"r-%s\"><h3><a class=\"rank\" "
		"href=\"#blocker-%zu\">#%zu</a> <code>",
		rank + 1, reason_info(b->reason)->id, rank + 1, rank + 1);
	html_function(out, b->function);
	fputs("</code> <span class=\"path\">", out);
	html_path(out, place);
	fputs("</span></h3>\n<p class=\"sum\">", out);
	html_reason(out, b->reason);
	unit_share(share, b->total, report_time_of(m, b));
	fprintf(out, " <b>%s%s</b> (", b->estimated ? "~" : "", unit_duration(total, b->total));
	html_text(out, share);
	fprintf(out, ") in %s %s%s, the longest %s</p>\n<p class=\"advice\">", unit_count(count, b->count),
		m->polls && !b->main_future ? "poll" : "block", b->count == 1 ? "" : "s",
		unit_duration(max, b->max));
	html_text(out, reason_advice(b));
	fputs("</p>\n", out);
	if (b->stack && b->stack->count)
		chain(page, b, rank < CHAINS_OPEN);
	facts(page, rank);
	fputs("</article>\n", out);
	free(place);
}

void html_blockers(struct html *page)
{
	const struct model *m = page->model;

	if (!m->ranked)
		return;
	html_section(page->out, "blockers", "Each blocker", NULL);
	for (size_t i = 0; i < m->ranked && i < page->rows; i++)
		blocker(page, i);
	fputs("</section>\n", page->out);
}
