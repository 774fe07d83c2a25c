/* SPDX-License-Identifier: Apache-2.0 */
/* fail-on.c - see fail-on.h. */
#include "diff/fail-on.h"

#include <langinfo.h>
#include <libiberty/libiberty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/complain.h"
#include "base/escape.h"
#include "base/units.h"
#include "judge/reasons.h"

/* What follows the number. */
enum unit { NO_LIMIT, TIME, PERCENT, PER_SECOND, NONE };

/* The names. One may be listed twice, with different units; the names of the report's figures are in
 * report-figures.c. */
static const struct {
	const char *name;
	enum gate_what what;
	enum unit unit;
	bool report;	   /* a single trace has it */
	const char *wrong; /* complaint about another unit */
} table[] = {
	{"total", GATE_TOTAL, TIME, true,
	 "'total' takes a time (total>2s), and of two traces a growth (total>10%)"},
	{"total", GATE_GROWTH, PERCENT, false, NULL},
	{"blocked", GATE_BLOCKED, PERCENT, true, "'blocked' takes a share of the workers' time: blocked>5%"},
	{"max", GATE_MAX, TIME, true, "'max' takes a time: max>50ms"},
	{"longest", GATE_MAX, TIME, true, "'longest' takes a time: longest>50ms"},
	{"count", GATE_COUNT, NONE, true, "'count' takes a number without a unit: count>100"},
	{"rate", GATE_RATE, PER_SECOND, true, "'rate' takes a number per second: rate>2/s"},
	{"lost", GATE_LOST, NONE, true, "'lost' takes a number without a unit: lost>0"},
	{"new", GATE_NEW, NO_LIMIT, false, NULL},
	{"worse", GATE_WORSE, NO_LIMIT, false, NULL},
};

#define ROWS ARRAY_SIZE(table)
#define FIGURES                                                                                              \
	"total, blocked, max, longest, count, rate, lost, stalled, run-queue, driver, throttled, steal, "    \
	"stopped, p50, p99, events"

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

/* A decimal number; strtod() would accept "inf" and "0x1p9". Returns where it ends, NULL if there is none. */
static const char *number(const char *p, double *value)
{
	char digits[32];
	size_t length = strspn(p, "0123456789.");
	char *end;

	if (length == 0 || length >= sizeof(digits))
		return NULL;
	memcpy(digits, p, length);
	digits[length] = '\0';
	*value = strtod(digits, &end);
	return *end || end == digits ? NULL : p + length;
}

/* The factor from this unit to ns, percent and so on; 0 for a wrong unit. A time without a unit is in ms. */
static double factor_of(enum unit unit, const char *text, size_t length)
{
	switch (unit) {
	case TIME:
		return length ? unit_ns(text, length) : 1e6;
	case PERCENT:
		return length == 1 && *text == '%';
	case PER_SECOND:
		return length == 2 && !strncmp(text, "/s", 2);
	case NONE:
		return length == 0;
	case NO_LIMIT:
		break;
	}
	return 0;
}

/* Parses a figure of the report. Returns NULL, or what is wrong. */
static const char *parse_figure(struct gate *gate, const char *name, size_t length, const char *unit,
				size_t unit_length)
{
	static const struct {
		enum figure_kind kind;
		enum unit unit;
	} kinds[] = {{FIGURE_COUNT, NONE}, {FIGURE_TIME, TIME}, {FIGURE_SHARE, PERCENT}};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		double factor = factor_of(kinds[i].unit, unit, unit_length);

		gate->figure = factor > 0 ? figure_named(name, length, kinds[i].kind) : NULL;
		if (!gate->figure)
			continue;
		gate->what = GATE_FIGURE;
		gate->kind = kinds[i].kind;
		gate->limit *= factor;
		return NULL;
	}
	return "it takes a time (stalled>1s); stalled and run-queue a share as well (stalled>1%), events a "
	       "number";
}

/* Parses the limit, after the name. */
static const char *parse_limit(struct gate *gate, const char *name, size_t length, const char *p, bool diff)
{
	const char *wrong = NULL;

	if (*p != '>')
		return "a name is followed by > or >= and a number";
	gate->or_equal = p[1] == '=';
	p = number(skip_blanks(p + 1 + gate->or_equal), &gate->limit);
	if (!p)
		return "a decimal number is missing after >";
	p = skip_blanks(p);
	size_t unit_length = strcspn(p, " \t");

	if (*skip_blanks(p + unit_length))
		return "there is more than one condition in it";
	for (size_t i = 0; i < ROWS; i++) {
		if (strlen(table[i].name) != length || strncmp(table[i].name, name, length) != 0)
			continue;
		wrong = wrong ? wrong : table[i].wrong;
		double factor = factor_of(table[i].unit, p, unit_length);

		/* For two traces, a bare number could be a growth. */
		if (factor <= 0 || (!diff && !table[i].report) ||
		    (diff && table[i].what == GATE_TOTAL && !unit_length))
			continue;
		gate->what = table[i].what;
		gate->limit *= factor;
		return NULL;
	}
	return wrong ? wrong : parse_figure(gate, name, length, p, unit_length);
}

static bool is_figure(const char *name, size_t length)
{
	return figure_named(name, length, FIGURE_TIME) || figure_named(name, length, FIGURE_COUNT);
}

const char *gate_parse(struct gate *gate, const char *text, bool diff)
{
	const char *name = skip_blanks(text);
	size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-"), i = 0;
	const char *rest = skip_blanks(name + length);

	*gate = (struct gate){.text = text};
	while (i < ROWS && (strlen(table[i].name) != length || strncmp(table[i].name, name, length) != 0))
		i++;
	if (i == ROWS && !is_figure(name, length))
		return diff ? "it is about none of " FIGURES ", new, worse" : "it is about none of " FIGURES;
	if (i == ROWS || table[i].unit != NO_LIMIT)
		return parse_limit(gate, name, length, rest, diff);
	if (!diff)
		return "only 'hud-postproc diff' can tell";
	gate->what = table[i].what;
	return *rest ? "'new' and 'worse' take no number" : NULL;
}

static bool beyond(const struct gate *gate, double value)
{
	return gate->or_equal ? value >= gate->limit : value > gate->limit;
}

/* The blocker with the longest block, or with most time; NULL if there is none. Waits for a CPU are no
 * blocking. */
static const struct blocker *worst(const struct model *m, bool longest)
{
	const struct blocker *worst = NULL;

	for (size_t i = 0; i < m->blockers; i++) {
		const struct blocker *b = &m->blocker[i];

		if (!judge_is_wait(b->reason) &&
		    (!worst || (longest ? b->max > worst->max : b->total > worst->total)))
			worst = b;
	}
	return worst;
}

/* Appends to `what` which blocker has most of it. Frees `what`. */
static char *blame(char *what, const struct model *m)
{
	const struct blocker *b = worst(m, false);
	char share[UNIT_SIZE];

	if (!b)
		return what;
	char *text = text_format("%s; %s of the blocked time was in %s (%s)", what,
				 unit_share(share, b->total, m->blocked), b->function,
				 reason_info(b->reason)->word);

	free(what);
	return text;
}

static char *longest(const struct gate *gate, const struct model *m)
{
	const struct blocker *b = worst(m, true);
	char time[UNIT_SIZE];

	if (b && beyond(gate, (double)b->max))
		return text_format("%s took %s (%s)", b->function, unit_duration(time, b->max),
				   reason_info(b->reason)->word);
	/* Not a single function, but everything in one poll blocked the worker so long. */
	if (m->polls && beyond(gate, (double)m->longest_poll))
		return text_format("a poll took %s", unit_duration(time, m->longest_poll));
	return NULL;
}

/* Blockers with this change. Waits for a CPU are not the code's fault. */
static char *changed(const struct diff *d, enum change_kind kind)
{
	const struct change *first = NULL;
	char was[UNIT_SIZE], is[UNIT_SIZE];
	size_t more = 0;

	for (size_t i = 0; i < d->changes; i++) {
		const struct change *c = &d->change[i];

		if (c->kind != kind || judge_is_wait(change_blocker(c)->reason))
			continue;
		more += first != NULL;
		first = first ? first : c;
	}
	if (!first)
		return NULL;
	const struct blocker *b = change_blocker(first);
	char *others = more ? text_format(", and %zu more", more) : xstrdup("");
	char *text =
		kind == CHANGE_NEW
			? text_format("%s is new: blocks %s per second and worker (%s)%s", b->function,
				      change_time(is, first->is.time), reason_info(b->reason)->word, others)
			: text_format("%s blocks %s per second and worker, before %s (%s)%s", b->function,
				      change_time(is, first->is.time), change_time(was, first->was.time),
				      reason_info(b->reason)->word, others);

	free(others);
	return text;
}

static char *growth(const struct gate *gate, const struct diff *d)
{
	const struct change *c = &d->blocked;
	double percent = c->was.time > 0 ? 100 * (c->is.time / c->was.time - 1) : 0;
	char was[UNIT_SIZE], is[UNIT_SIZE];

	/* Growth from nothing exceeds any limit. */
	if (!change_beyond_noise(c->kind) || c->is.time <= c->was.time ||
	    (c->was.time > 0 && !beyond(gate, percent)))
		return NULL;
	unit_share(was, d->before->blocked, d->before->worker_time);
	unit_share(is, d->after->blocked, d->after->worker_time);
	if (c->was.time <= 0)
		return blame(text_format("workers were blocked %s of their time, before not at all", is),
			     d->after);
	return blame(text_format("workers were blocked %s of their time, before %s, which is %.0f%% more", is,
				 was, percent),
		     d->after);
}

/* A value that is not known fails. */
static char *figure_broken(const struct gate *gate, const struct model *m)
{
	double value;

	if (figure_value(gate->figure, gate->kind, m, &value) && !beyond(gate, value))
		return NULL;
	return figure_text(gate->figure, m);
}

char *gate_broken(const struct gate *gate, const struct model *m, const struct diff *d)
{
	char text[UNIT_SIZE];
	uint64_t count = m->polls ? m->polls : m->blocks.count;
	double seconds = (double)(m->end - m->start) / 1e9;
	const char *what = m->polls ? "long poll" : "block";

	switch (gate->what) {
	case GATE_TOTAL:
		if (!beyond(gate, (double)m->blocked))
			return NULL;
		return blame(text_format("workers were blocked for %s", unit_duration(text, m->blocked)), m);
	case GATE_BLOCKED:
		if (m->worker_time == 0 || !beyond(gate, 100 * (double)m->blocked / (double)m->worker_time))
			return NULL;
		return blame(text_format("workers were blocked %s of their time",
					 unit_share(text, m->blocked, m->worker_time)),
			     m);
	case GATE_MAX:
		return longest(gate, m);
	case GATE_COUNT:
		if (!beyond(gate, (double)count))
			return NULL;
		return blame(text_format("%s %s%s", unit_count(text, count), what, count == 1 ? "" : "s"), m);
	case GATE_RATE:
		if (seconds <= 0 || !beyond(gate, (double)count / seconds))
			return NULL;
		return blame(
			text_format("%s %ss per second", change_often(text, (double)count / seconds), what),
			m);
	case GATE_LOST:
		if (!beyond(gate, (double)m->lost))
			return NULL;
		return text_format("%s events were lost", unit_count(text, m->lost));
	case GATE_FIGURE:
		return figure_broken(gate, m);
	case GATE_GROWTH:
		return d ? growth(gate, d) : NULL;
	case GATE_NEW:
		return d ? changed(d, CHANGE_NEW) : NULL;
	case GATE_WORSE:
		return d ? changed(d, CHANGE_WORSE) : NULL;
	}
	return NULL;
}

void gates_add(struct gates *gates, const char *command, const char *text, bool diff)
{
	const char *wrong = gates->count == GATES ? "there are too many of them"
						  : gate_parse(&gates->gate[gates->count], text, diff);

	if (!wrong) {
		gates->count++;
		return;
	}
	complain("hud-postproc %s: %s '%s': %s\n", command, gates->option ? gates->option : "--fail-on", text,
		 wrong);
	exit(2);
}

int gates_check(const struct gates *gates, const char *command, const struct model *model,
		const struct diff *diff)
{
	int status = 0;
	bool utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");

	for (size_t i = 0; i < gates->count; i++) {
		char *why = gate_broken(&gates->gate[i], model, diff);

		if (!why)
			continue;
		char *safe = escape_terminal(why, utf8);

		complain("hud-postproc %s: --fail-on '%s': %s\n", command, gates->gate[i].text, safe);
		free(safe);
		free(why);
		status = GATE_STATUS;
	}
	return status;
}
