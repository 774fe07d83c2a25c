/* SPDX-License-Identifier: Apache-2.0 */
/* words.c - the words and numbers of a comparison, in any format. */
#include <libiberty/libiberty.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/units.h"
#include "diff/diff.h"
#include "diff/significance.h"
#include "report/report.h"
#include "report/source-path.h"

static const char *const words[CHANGE_KINDS] = {
	[CHANGE_NEW] = "new",	       [CHANGE_WORSE] = "worse",
	[CHANGE_GONE] = "gone",	       [CHANGE_BETTER] = "better",
	[CHANGE_MAYBE_NEW] = "new?",   [CHANGE_MAYBE_WORSE] = "worse?",
	[CHANGE_MAYBE_GONE] = "gone?", [CHANGE_MAYBE_BETTER] = "better?",
	[CHANGE_NONE] = "unchanged",   [CHANGE_UNMATCHED] = "no match",
};

const char *change_word(enum change_kind kind)
{
	return words[(unsigned)kind < CHANGE_KINDS ? kind : CHANGE_NONE];
}

const char *diff_target(const struct model *model)
{
	const struct target *t = &model->target;

	return t->name ? t->name : t->exe ? t->exe : "?";
}

char *change_place(const struct diff *d, const struct change *c)
{
	const struct blocker *before = c->before, *after = c->after;
	char *was = before ? place_text(d->root_before, before->file, before->line) : xstrdup("");
	char *is = after ? place_text(d->root_after, after->file, after->line) : xstrdup("");
	char *text = *was && *is && strcmp(was, is) != 0 ? text_format("%s before, %s after", was, is)
							 : xstrdup(*is ? is : was);

	free(was);
	free(is);
	return text;
}

char *change_growth(char *text, const struct change *c)
{
	double percent = c->was.time > 0 ? 100 * (c->is.time / c->was.time - 1) : 0;

	*text = '\0';
	if (!change_beyond_noise(c->kind) || c->was.time <= 0)
		return text;
	if (percent >= 999.5)
		snprintf(text, UNIT_SIZE, ">10x");
	else
		snprintf(text, UNIT_SIZE, "%+.0f%%", fabs(percent) < 0.5 ? 0 : percent);
	return text;
}

char *change_often(char *text, double often)
{
	int decimals = often < 9.995 ? 2 : often < 99.95 ? 1 : 0;

	if (often <= 0)
		snprintf(text, UNIT_SIZE, "-");
	else if (often < 0.005)
		snprintf(text, UNIT_SIZE, "<0.01");
	else
		snprintf(text, UNIT_SIZE, "%.*f", decimals, often);
	return text;
}

char *change_time(char *text, double time)
{
	if (time <= 0)
		snprintf(text, UNIT_SIZE, "-");
	else
		unit_duration(text, time < 1 ? 1 : (uint64_t)(time + 0.5));
	return text;
}

char *diff_counts(const struct diff *d)
{
	char *text = NULL;

	for (int kind = 0; kind < CHANGE_KINDS; kind++) {
		if (!d->kinds[kind])
			continue;
		char *more = text_format("%s%s%zu %s", text ? text : "", text ? ", " : "", d->kinds[kind],
					 words[kind]);

		free(text);
		text = more;
	}
	return text ? text : xstrdup("no blockers");
}

char *diff_waits(const struct diff *d)
{
	static const char what[] = "Waits for a CPU, which no code is to blame for";
	size_t all = d->changes - d->ranked;

	if (!all)
		return NULL;
	if (!d->waits)
		return text_format("%s: no significant change (of %zu).", what, all);
	return text_format("%s: %zu of %zu changed significantly.", what, d->waits, all);
}

char *diff_verdict(const struct diff *d)
{
	char was[UNIT_SIZE], is[UNIT_SIZE];
	size_t changed = 0;

	for (int kind = 0; kind < CHANGE_KINDS; kind++)
		changed += change_beyond_noise((enum change_kind)kind) ? d->kinds[kind] : 0;
	unit_share(was, d->before->blocked, d->before->worker_time);
	unit_share(is, d->after->blocked, d->after->worker_time);
	const char *beyond = change_beyond_noise(d->blocked.kind)
				     ? d->blocked.is.time < d->blocked.was.time ? "fell" : "rose"
				     : NULL;

	if (!beyond && !changed)
		return text_format("No significant change: workers were blocked %s of their time, before %s.",
				   is, was);
	if (!beyond)
		return text_format(
			"Workers were blocked %s of their time, before %s: no significant change in all, "
			"but single blockers changed.",
			is, was);
	return text_format("Blocked time %s from %s to %s of the workers' time (significant).", beyond, was,
			   is);
}

/* How exactly polls were told apart: exactly, by estimate, or not at all. The two exact ways are equal. */
static int exactness(const char *polls)
{
	static const char unsampled[] = "estimate without samples";

	if (polls && !strncmp(polls, unsampled, sizeof(unsampled) - 1))
		return 0;
	return !polls || !strncmp(polls, "estimate", 8) ? 1 : 2;
}

/* Why a side has no names; the caller frees it. The process that read the target's files wrote both texts, so
 * control sequences and Markdown are removed. */
static char *unread_program(const struct lacking *program, const char *which)
{
	char *name = escape_terminal(lbasename(program->path), false);
	char *why = escape_terminal(program->why, false);
	char *text = text_format("%s, %s: %s.", which, name, why);

	for (char *p = text; (p = strpbrk(p, "<>&[]`|*_\\")); p++)
		*p = '?';
	free(name);
	free(why);
	return text;
}

static void side_warnings(const struct model *m, const char *which, void (*warn)(void *, const char *),
			  void *context)
{
	char count[UNIT_SIZE], share[UNIT_SIZE];
	const struct lacking *program = report_unread_program(m);
	char *text;

	if (program) {
		text = unread_program(program, which);
		warn(context, text);
		free(text);
	}
	if (m->lost) {
		text = text_format("%s, %s events were lost (%s): its times and counts are too low.", which,
				   unit_count(count, m->lost),
				   unit_share(share, m->lost, m->events + m->lost));
		warn(context, text);
		free(text);
	}
	if (m->truncated) {
		text = text_format("%s was cut off: what came until then counts.", which);
		warn(context, text);
		free(text);
	}
	if (!m->events) {
		text = text_format("%s, no event came at all: was there any load?", which);
		warn(context, text);
		free(text);
	}
}

void diff_warnings(const struct diff *d, void (*warn)(void *context, const char *text), void *context)
{
	const struct target *was = &d->before->target, *is = &d->after->target;
	char one[UNIT_SIZE], other[UNIT_SIZE];

	if (was->threshold != is->threshold) {
		char *text =
			text_format("The thresholds differ: %s before, %s after. What lasted for a time "
				    "between them was seen only once.",
				    unit_setting(one, was->threshold), unit_setting(other, is->threshold));

		warn(context, text);
		free(text);
	}
	if (exactness(was->polls) != exactness(is->polls))
		warn(context, "Polls were told apart in different ways: counts and times of computing do not "
			      "compare.");
	side_warnings(d->before, "Before", warn, context);
	side_warnings(d->after, "After", warn, context);
	if (d->kinds[CHANGE_UNMATCHED])
		warn(context, "Code without a name cannot be matched between different builds: give symbols "
			      "(--target), or build with them.");
}

char *diff_method(const struct diff *d)
{
	bool maybe = false;

	for (int kind = CHANGE_MAYBE_NEW; kind <= CHANGE_MAYBE_BETTER; kind++)
		maybe |= d->kinds[kind] != 0;
	return text_format(
		"Significant: more than the normal variation within each trace, of which %d slices are "
		"compared. With nothing changed, one comparison in %.0f shows a change.%s",
		NOISE_SLICES, 1 / NOISE_CHANCE,
		maybe ? " A ? marks what may be chance: it is too rare, or its blocks are shorter than twice "
			"the threshold."
		      : "");
}
