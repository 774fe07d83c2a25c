/* SPDX-License-Identifier: Apache-2.0 */
/* warnings.c - see parts.h. */
#include <libiberty/libiberty.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/units.h"
#include "report/parts.h"

__attribute__((format(printf, 2, 3))) static void warn(struct page *page, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	char *text = text_vformat(format, args);
	va_end(args);
	page_text(page, STYLE_WARNING, "!");
	page_to(page, 2);
	page_wrap(page, STYLE_PLAIN, text);
	free(text);
}

const struct lacking *report_unread_program(const struct model *m)
{
	size_t length = m->target.exe ? strlen(m->target.exe) : 0;

	for (size_t i = 0; i < m->lackings && length; i++) {
		const struct lacking *l = &m->lacking[i];

		if (l->unread && !strncmp(l->path, m->target.exe, length) &&
		    (!l->path[length] || !strcmp(l->path + length, " (deleted)")))
			return l;
	}
	return NULL;
}

/* Why most of the cut stacks are cut, and what to do. */
static const char *why_cut(const struct model *m)
{
	const char *how = m->target.stacks ? m->target.stacks : "";

	if (m->stacks_torn * 2 >= m->stacks_cut)
		return "Most were written over before they were read (see above).";
	if (m->stacks_skipped && m->stacks_reduced * 2 >= m->stacks_cut)
		return "Most were copied in part only, because copying stacks had used up its share of the "
		       "time: a higher --threshold or a lower --hz needs fewer.";
	if (m->stacks_too_few * 2 >= m->stacks_cut && strstr(how, "KiB, the most"))
		return "Most are deeper than what is copied of a stack, which is as much as can be.";
	if (m->stacks_too_few * 2 >= m->stacks_cut)
		return "Most are deeper than what is copied of a stack: a larger --stack-size copies more.";
	if (m->stacks_elsewhere * 2 >= m->stacks_cut)
		return "Most go on on another stack, as fibers and coroutines have them (stacker, psm, "
		       "corosensei, wasmtime), and where that is was not found; up to four such stacks are "
		       "copied below each other.";
	if (m->stacks_walked * 2 >= m->stacks_cut)
		return "Most were walked in the kernel, where not all code lets it: --stacks copy takes more "
		       "time, but gets further.";
	if (m->lackings)
		return "Most lead through code without unwind tables, or through files that could not be "
		       "read (see above).";
	return "Most lead through code without unwind tables: building that with frame pointers helps.";
}

/* Do the program's functions have names, but no source lines? */
static bool lacks_lines(const struct model *m)
{
	bool named = false;

	for (size_t i = 0; i < m->blockers; i++) {
		const struct verdict *v = m->blocker[i].stack;

		for (size_t k = 0; v && k < v->count; k++) {
			const struct frame *f = v->frame[k];

			if (!f->function || f->origin == ORIGIN_SYSTEM || f->origin == ORIGIN_UNKNOWN)
				continue;
			if (f->file)
				return false;
			named = true;
		}
	}
	return named;
}

static void unread_lines(struct report *report)
{
	const struct model *m = report->model;
	struct page *page = &report->page;
	char text[UNIT_SIZE];

	if (m->bad_lines)
		warn(page, "%s line%s could not be read and %s left out: damaged, or no event line.",
		     unit_count(text, m->bad_lines), m->bad_lines == 1 ? "" : "s",
		     m->bad_lines == 1 ? "was" : "were");
	uint64_t unknown = m->unknown_lines;

	for (size_t i = 0; i < m->unknowns; i++) {
		unknown -= m->unknown[i].lines;
		warn(page, "%s line%s of kind \"%s\" (see --raw) %s left out.",
		     unit_count(text, m->unknown[i].lines), m->unknown[i].lines == 1 ? "" : "s",
		     m->unknown[i].kind, m->unknown[i].lines == 1 ? "was" : "were");
	}
	if (unknown)
		warn(page,
		     "%s line%s of an unknown kind %s left out: from a newer hud-trace, or messages of "
		     "bpftrace.",
		     unit_count(text, unknown), unknown == 1 ? "" : "s", unknown == 1 ? "was" : "were");
}

/* Incomplete stacks, and events that were only counted because there were too many. */
static void left_out(struct report *report)
{
	const struct model *m = report->model;
	struct page *page = &report->page;
	char text[UNIT_SIZE], share[UNIT_SIZE];

	if (m->stacks_missing)
		warn(page,
		     "%s events came without their stack: their time is counted, but not whose code it was. "
		     "%s",
		     unit_count(text, m->stacks_missing),
		     m->lost ? "The lines of these stacks were lost, like other events."
			     : "The stream does not have these stacks: it begins too late, or the copies "
			       "could not be read, which hud-trace says while it traces.");
	if (m->stacks_skipped)
		warn(page,
		     "%s stacks were copied in part only, or not at all, so as not to slow the target down: "
		     "there were too many at once. A higher --threshold or a lower --hz needs fewer.",
		     unit_count(text, m->stacks_skipped));
	if (m->stacks_torn)
		warn(page,
		     "%s copied stacks were written over before they were read, and are cut short: the "
		     "machine was too "
		     "busy. A higher --threshold or a lower --hz needs fewer.",
		     unit_count(text, m->stacks_torn));
	if (m->registers_strange)
		warn(page,
		     "%s stacks were not taken, and system calls are not known: this kernel keeps the "
		     "registers of a thread elsewhere than hud-trace takes it to. --stacks fp may do; please "
		     "report the kernel.",
		     unit_count(text, m->registers_strange));
	if (m->events_counted)
		warn(page,
		     "%s waits, %s in all, were counted only, so as not to slow the target down: there were "
		     "too many at once. They are in none of the sums. A higher --threshold makes fewer.",
		     unit_count(text, m->events_counted), unit_duration(share, m->counted));
	if (m->polls_counted)
		warn(page,
		     "%s long polls, %s in all, were counted only, so as not to slow the target down: there "
		     "were too many at once. What they did is told for some of them, or not at all. A higher "
		     "--threshold makes fewer.",
		     unit_count(text, m->polls_counted), unit_duration(share, m->polls_counted_ns));
}

static void lacking_files(struct report *report)
{
	const struct model *m = report->model;
	const struct lacking *program = report_unread_program(m);

	for (size_t i = 0; i < m->lackings; i++) {
		char *path = escape_terminal(m->lacking[i].path, report->options.utf8);
		char *why = escape_terminal(m->lacking[i].why, report->options.utf8);

		/* The process that read the target's files wrote both texts. */
		warn(&report->page, "%s: %s.%s", path, why,
		     program == &m->lacking[i]
			     ? " Without it its functions have no names, and stacks are cut "
			       "where they enter it."
			     : "");
		free(why);
		free(path);
	}
}

void report_warnings(struct report *report)
{
	const struct model *m = report->model;
	struct page *page = &report->page;
	char text[UNIT_SIZE], share[UNIT_SIZE];

	if (m->truncated)
		warn(page, "The stream ends in the middle: the trace was cut off, or still runs. What came "
			   "before counts.");
	if (m->estimated_from)
		warn(page,
		     "After %s the probes that told polls apart were taken off: they cost a worker more than "
		     "2%% of its time. Nothing was seen for %s, and polls are estimated from samples since.",
		     unit_duration(text, m->estimated_from > m->start ? m->estimated_from - m->start : 0),
		     unit_duration(share, m->unseen));
	if (m->lost)
		warn(page,
		     "%s events were lost (%s): times and counts are too low. A higher --threshold or "
		     "fewer samples (--hz) make fewer events.",
		     unit_count(text, m->lost), unit_share(share, m->lost, m->events + m->lost));
	unread_lines(report);
	left_out(report);
	if (m->thinned)
		warn(page,
		     "After %s little was copied of stacks, as tracing cost more than --max-overhead allows. "
		     "A higher --threshold, a lower --hz or a higher --max-overhead keeps them whole.",
		     unit_duration(text, m->thinned > m->start ? m->thinned - m->start : 0));
	if (m->ended && !strcmp(m->ended, "overhead"))
		warn(page, "Tracing was ended because it cost more than --max-overhead allows. A higher "
			   "--threshold or a lower --hz costs less.");
	lacking_files(report);
	if (m->targets_unused)
		warn(page,
		     "--target is not used: this recording has its names already. One that is to get them "
		     "from another file is made with --no-resolve.");
	if (lacks_lines(m))
		warn(page,
		     "The program has no debug info: no source lines, and no inlined functions. Build with "
		     "[profile.release] debug = 1, or give an unstripped copy of this build with --target.");
	/* A few cut stacks are normal; and the frames next to the leaf, which count, are there. That those of an executable which was not read are
	 * cut has been said. */
	if (!report_unread_program(m) && m->stacks >= 20 && m->stacks_cut * 10 > m->stacks)
		warn(page, "%s of the stacks are cut short, so their task may be unknown. %s",
		     unit_share(share, m->stacks_cut, m->stacks), why_cut(m));
}
