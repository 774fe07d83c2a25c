/* SPDX-License-Identifier: Apache-2.0 */
/* held.c - a lock and what is done while it is held refer to each other. */
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/units.h"
#include "judge/reasons.h"
#include "report/parts.h"
#include "tally/blockers.h"

/* The rank of what a holder did; SIZE_MAX if it is not ranked: it may have taken less than the threshold. */
static size_t rank_of(const struct model *m, const struct held *held)
{
	char *name = blockers_name(held->stack);
	size_t rank = SIZE_MAX;

	for (size_t i = 0; i < m->ranked; i++) {
		const struct blocker *b = &m->blocker[i];

		if (b->reason != held->reason || strcmp(b->function, name) != 0)
			continue;
		if (rank == SIZE_MAX)
			rank = i;
		if (b->task && held->stack->task && !strcmp(b->task, held->stack->task)) {
			rank = i;
			break;
		}
	}
	free(name);
	return rank;
}

/* What the holder did. The caller frees it. */
static char *deed(const struct held *held)
{
	if (judge_is_wait(held->reason))
		return xstrdup("waiting for a CPU");
	if (held->syscall && *held->syscall)
		return text_format("in %s(2)", held->syscall);
	if (held->reason == REASON_COMPUTING)
		return xstrdup("computing");
	return text_format("in a %s", reason_info(held->reason)->word);
}

/* Where the report tells of a blocker: its number, if it has a row, else its name. The caller frees it. */
static char *see(const struct report *report, size_t rank, const char *name)
{
	return rank < report->options.top ? text_format("see #%zu", rank + 1) : xstrdup(name);
}

/* How many waits are not known, if what is named covers less than half of them. */
static char *not_known(const struct blocker *b)
{
	uint64_t named = 0, rest = b->count - b->held_known;
	char count[UNIT_SIZE];

	for (size_t i = 0; i < b->helds; i++)
		named += b->held[i].count;
	if (!b->helds || 2 * named >= b->count || !rest)
		return NULL;
	return text_format("other %s wait%s: not known what the holder did", unit_count(count, rest),
			   rest == 1 ? "" : "s");
}

/* Where the holder did it: ": see #4". Where it had to wait for a CPU says nothing. The caller frees it. */
static char *place_of(const struct report *report, const struct held *held)
{
	if (judge_is_wait(held->reason))
		return xstrdup("");
	char *name = blockers_name(held->stack), *where = see(report, rank_of(report->model, held), name),
	     *text = concat(": ", where, NULL);

	free(where);
	free(name);
	return text;
}

char *report_held(const struct report *report, const struct blocker *b, size_t i)
{
	char count[UNIT_SIZE], of[UNIT_SIZE], time[UNIT_SIZE];

	if (i >= b->helds)
		return i == b->helds ? not_known(b) : NULL;
	const struct held *held = &b->held[i];
	char *did = deed(held), *where = place_of(report, held);
	char *text = text_format("while %s%s; %s of %s wait%s, %s", did, where,
				 unit_count(count, held->count), unit_count(of, b->count),
				 b->count == 1 ? "" : "s", unit_duration(time, held->total));

	free(where);
	free(did);
	return text;
}

char *report_holds(const struct report *report, size_t rank)
{
	const struct model *m = report->model;
	uint64_t total = 0, waits = 0;
	char count[UNIT_SIZE], time[UNIT_SIZE], *where = xstrdup("");

	for (size_t i = 0; i < m->ranked; i++) {
		uint64_t before = waits;

		for (size_t k = 0; k < m->blocker[i].helds; k++) {
			const struct held *held = &m->blocker[i].held[k];

			if (rank_of(m, held) != rank)
				continue;
			waits += held->count;
			total += held->total;
		}
		if (waits == before)
			continue;
		char *one = see(report, i, m->blocker[i].function);
		char *more = concat(where, *where ? ", " : "", one, NULL);

		free(one);
		free(where);
		where = more;
	}
	char *text = waits ? text_format("others waited for it %s time%s, %s: %s", unit_count(count, waits),
					 waits == 1 ? "" : "s", unit_duration(time, total), where)
			   : NULL;

	free(where);
	return text;
}
