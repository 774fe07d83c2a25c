/* SPDX-License-Identifier: Apache-2.0 */
/* held.c - a lock and what is done while it is held refer to each other. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libiberty/hashtab.h>
#include <libiberty/libiberty.h>

#include "base/bisect.h"
#include "base/escape.h"
#include "base/units.h"
#include "judge/reasons.h"
#include "report/parts.h"
#include "tally/blockers.h"

/* The first blocker with this reason and function, and this task, or any if that is NULL. */
struct first {
	enum reason reason;
	const char *function, *task;
	size_t rank;
};

/* A lock, the blocker number `lock`, was held meanwhile; what its holder did has this rank. */
struct hold {
	uint64_t rank;
	size_t lock;
	const struct held *held;
};

/* A recording may have very many of both, so neither is searched one by one. */
struct held_index {
	htab_t firsts;
	struct hold *hold; /* by rank, then by lock */
	size_t holds;
};

static hashval_t hash_first(const void *p)
{
	const struct first *f = p;
	hashval_t h = iterative_hash(f->function, strlen(f->function), (hashval_t)f->reason);

	return f->task ? iterative_hash(f->task, strlen(f->task), h) : h;
}

static int equal_firsts(const void *one, const void *two)
{
	const struct first *a = one, *b = two;

	return a->reason == b->reason && !strcmp(a->function, b->function) && !a->task == !b->task &&
	       (!a->task || !strcmp(a->task, b->task));
}

static void add_first(htab_t firsts, const struct first *first)
{
	void **slot = htab_find_slot(firsts, first, INSERT);

	if (!slot)
		xmalloc_failed(sizeof(*first));
	if (!*slot)
		*slot = xmemdup(first, sizeof(*first), sizeof(*first));
}

/* The rank of what a holder did, preferably in the same task; SIZE_MAX if it is not ranked: it may have taken
 * less than the threshold. */
static size_t rank_of(const struct held_index *index, const struct held *held)
{
	if (!index)
		return SIZE_MAX;
	char *name = blockers_name(held->stack);
	struct first key = {.reason = held->reason, .function = name, .task = held->stack->task};
	const struct first *found = htab_find(index->firsts, &key);

	if (!found && key.task) {
		key.task = NULL;
		found = htab_find(index->firsts, &key);
	}
	free(name);
	return found ? found->rank : SIZE_MAX;
}

static int by_rank(const void *one, const void *two)
{
	const struct hold *a = one, *b = two;

	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	return (a->held > b->held) - (a->held < b->held); /* they lie in the order of the locks */
}

struct held_index *held_index_new(const struct model *m)
{
	struct held_index *index = xcalloc(1, sizeof(*index));
	size_t holds = 0;

	index->firsts = htab_create(64, hash_first, equal_firsts, free);
	for (size_t i = 0; i < m->ranked; i++) {
		const struct blocker *b = &m->blocker[i];

		holds += b->helds;
		add_first(index->firsts, &(struct first){b->reason, b->function, NULL, i});
		if (b->task)
			add_first(index->firsts, &(struct first){b->reason, b->function, b->task, i});
	}
	index->hold = xcalloc(holds + 1, sizeof(*index->hold));
	for (size_t i = 0; i < m->ranked; i++)
		for (size_t k = 0; k < m->blocker[i].helds; k++) {
			const struct held *held = &m->blocker[i].held[k];

			index->hold[index->holds++] = (struct hold){rank_of(index, held), i, held};
		}
	qsort(index->hold, index->holds, sizeof(*index->hold), by_rank);
	return index;
}

void held_index_free(struct held_index *index)
{
	htab_delete(index->firsts);
	free(index->hold);
	free(index);
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
	char *name = blockers_name(held->stack), *where = see(report, rank_of(report->held, held), name),
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
	const struct held_index *index = report->held;

	if (!index)
		return NULL;
	size_t first = rank ? FIRST_BEYOND(index->hold, index->holds, rank, rank - 1) : 0,
	       end = FIRST_BEYOND(index->hold, index->holds, rank, rank), size;
	uint64_t total = 0, waits = 0;
	char count[UNIT_SIZE], time[UNIT_SIZE], *where = NULL, *text;

	if (first == end)
		return NULL;
	FILE *out = open_memstream(&where, &size);

	if (!out)
		xmalloc_failed(0);
	for (size_t i = first; i < end; i++) {
		const struct hold *hold = &index->hold[i];

		waits += hold->held->count;
		total += hold->held->total;
		if (i > first && hold->lock == hold[-1].lock)
			continue;
		char *one = see(report, hold->lock, report->model->blocker[hold->lock].function);

		fprintf(out, "%s%s", i > first ? ", " : "", one);
		free(one);
	}
	fclose(out);
	text = text_format("others waited for it %s time%s, %s: %s", unit_count(count, waits),
			   waits == 1 ? "" : "s", unit_duration(time, total), where);
	free(where);
	return text;
}
