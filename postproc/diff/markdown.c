/* SPDX-License-Identifier: Apache-2.0 */
/* markdown.c - a comparison of two traces as a table in GitHub's Markdown, for a pull request. */
#include <errno.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/units.h"
#include "diff/diff.h"
#include "judge/reasons.h"

/* Raw text as code. In a code span only a backquote is special, in a table also a bar: replaces both by
 * look-alikes. */
static void code(FILE *out, const char *raw)
{
	char *safe = escape_terminal(raw, true);

	for (char *p = safe; *p; p++)
		if (*p == '`')
			*p = '\'';
	fputs("`", out);
	for (const char *p = safe; *p; p++)
		fputs(*p == '|' ? "\u00a6" : (char[]){*p, '\0'}, out);
	fputs(*safe ? "`" : "?`", out);
	free(safe);
}

static void row(FILE *out, const struct diff *d, const struct change *c)
{
	const struct blocker *b = change_blocker(c);
	const char *strong = change_beyond_noise(c->kind) ? "**" : "";
	char text[UNIT_SIZE], *place = change_place(d, c);

	fprintf(out, "| %s%s%s | ", strong, change_word(c->kind), strong);
	code(out, b->function);
	if (*place) {
		fputs("<br>", out);
		code(out, place);
	}
	if (b->task && strcmp(b->task, b->function) != 0) {
		fputs("<br>task ", out);
		code(out, b->task);
	}
	fprintf(out, " | %s", reason_info(b->reason)->word);
	fprintf(out, " | %s", change_time(text, c->was.time));
	fprintf(out, " | %s", change_time(text, c->is.time));
	change_growth(text, c);
	strong = *text ? strong : "";
	fprintf(out, " | %s%s%s", strong, text, strong);
	fprintf(out, " | %s", change_often(text, c->was.often));
	fprintf(out, " | %s |\n", change_often(text, c->is.often));
	free(place);
}

/* A table of the changes from `from` up to `end`, at most `top`. */
static void rows(FILE *out, const struct diff *d, size_t from, size_t end, size_t top)
{
	size_t shown = end - from < top ? end : from + top;

	fputs("\n| change | where | why | blocked/s, before | after | by | blocks/s, before | after |\n"
	      "|:--|:--|:--|--:|--:|--:|--:|--:|\n",
	      out);
	for (size_t i = from; i < shown; i++)
		row(out, d, &d->change[i]);
	if (shown < end)
		fprintf(out, "\nand %zu more\n", end - shown);
}

static void table(FILE *out, const struct diff *d, const struct report_options *options)
{
	size_t top = options->top ? options->top : 10;
	char *method = diff_method(d);

	if (d->ranked)
		rows(out, d, 0, d->ranked, top);
	char *waits = diff_waits(d);

	if (waits)
		fprintf(out, "\n%s\n", waits);
	if (d->waits)
		rows(out, d, d->ranked, d->ranked + d->waits, top);
	free(waits);
	fprintf(out, "\nBlocked time is per second of worker time. %s\n", method);
	free(method);
}

static void warn(void *out, const char *text)
{
	fprintf(out, "\n> %s\n", text);
}

int diff_markdown(FILE *out, const struct diff *d, const struct report_options *options)
{
	const struct model *a = d->before, *b = d->after;
	const char *before = diff_target(a), *after = diff_target(b);
	char *verdict = diff_verdict(d), *counts = diff_counts(d);
	char was[UNIT_SIZE], is[UNIT_SIZE];

	errno = 0;
	fputs("### hud-trace: ", out);
	if (strcmp(before, after) != 0) {
		code(out, before);
		fputs(" and ", out);
	}
	code(out, after);
	fprintf(out, ", before and after\n\n**%s** %s.\n\n", verdict, counts);
	fprintf(out, "Before: %s, %zu workers; after: %s, %zu workers.\n",
		unit_duration(was, a->end - a->start), a->workers - a->main_futures.threads,
		unit_duration(is, b->end - b->start), b->workers - b->main_futures.threads);
	diff_warnings(d, warn, out);
	if (d->changes)
		table(out, d, options);
	free(verdict);
	free(counts);
	if (fflush(out) != 0 || ferror(out)) {
		errno = errno ? errno : EIO;
		return -1;
	}
	return 0;
}
