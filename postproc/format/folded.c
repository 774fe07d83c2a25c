/* SPDX-License-Identifier: Apache-2.0 */
/* folded.c - folded stacks: "reason;outermost;...;leaf MICROSECONDS", for flamegraph.pl, inferno and
 * speedscope.
 *
 * The weights add up to the reported time: what rounding drops is added to the next line of the same stack.
 */
#include <errno.h>
#include <inttypes.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>

#include "base/escape.h"
#include "format/formats.h"
#include "judge/reasons.h"
#include "report/source-path.h"

struct line {
	const struct verdict *stack;
	enum reason reason;
	uint64_t ns;
};

static int by_stack(const void *one, const void *two)
{
	const struct line *a = one, *b = two;
	int order = judge_order(a->stack, b->stack);

	if (order)
		return order;
	return (a->reason > b->reason) - (a->reason < b->reason);
}

/* A frame's name, without characters that would end it, or the line. */
static void name(FILE *out, const char *raw)
{
	char *text = escape_utf8(raw);

	for (char *c = text; *c; c++)
		putc(*c == ';' ? ':' : *c, out);
	free(text);
}

static void frames(FILE *out, const struct verdict *v)
{
	size_t outermost = v->poll < v->count ? v->poll + 1 : v->count;

	for (size_t i = outermost; i-- > 0;) {
		char *text = place_name(v->frame[i], false);

		putc(';', out);
		name(out, text);
		free(text);
	}
}

int format_folded(FILE *out, const struct model *m, const struct report_options *options)
{
	struct line *line = xcalloc(m->shares + 1, sizeof(*line));
	size_t n = 0;
	uint64_t left = 0;

	(void)options;
	errno = 0;
	for (size_t i = 0; i < m->shares; i++)
		line[i] = (struct line){m->share[i].stack, m->share[i].blocker->reason, m->share[i].total};
	if (m->shares)
		qsort(line, m->shares, sizeof(*line), by_stack);
	for (size_t i = 0; i < m->shares; i++) {
		if (n && by_stack(&line[n - 1], &line[i]) == 0)
			line[n - 1].ns += line[i].ns;
		else
			line[n++] = line[i];
	}
	for (size_t i = 0; i < n; i++) {
		uint64_t us = (line[i].ns + left) / 1000;

		left = (line[i].ns + left) % 1000;
		name(out, reason_info(line[i].reason)->word);
		if (line[i].stack)
			frames(out, line[i].stack);
		else
			fputs(";(unknown)", out);
		fprintf(out, " %" PRIu64 "\n", us);
	}
	/* The format has no comments. All readers accept a stack without time. */
	if (m->lost)
		fprintf(out, "(%" PRIu64 " events were lost: times are too low) 0\n", m->lost);
	free(line);
	return fflush(out) != 0 || ferror(out) ? -1 : 0;
}
