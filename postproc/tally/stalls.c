/* SPDX-License-Identifier: Apache-2.0 */
/* stalls.c - see stalls.h: sweeps over starts and ends of polls. */
#include "tally/stalls.h"

#include <libiberty/libiberty.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define EDGES 4096 /* kept until their order is certain */

/* A poll's start or end. */
struct edge {
	uint64_t ns;
	bool start;
};

/* Stretches in which at least so many workers were in long polls. */
struct level {
	uint64_t since; /* start of the current one */
	uint64_t total, count, longest;
	double squares; /* sum of squared durations */
};

struct sweep {
	size_t depth;
	struct level level[STALLS_WORKERS]; /* the first is for one worker */
};

struct stalls {
	struct sweep sweep;
	uint64_t swept; /* the time swept so far */
	struct edge edge[EDGES];
	size_t edges;
};

struct stalls *stalls_new(void)
{
	return xcalloc(1, sizeof(struct stalls));
}

void stalls_free(struct stalls *s)
{
	free(s);
}

/* Ends first: a poll that begins when another ends does not overlap it. */
static int by_time(const void *one, const void *two)
{
	const struct edge *a = one, *b = two;

	if (a->ns != b->ns)
		return a->ns < b->ns ? -1 : 1;
	return a->start - b->start;
}

static void pass(struct sweep *sweep, const struct edge *edge)
{
	if (edge->start) {
		if (sweep->depth++ < STALLS_WORKERS)
			sweep->level[sweep->depth - 1].since = edge->ns;
		return;
	}
	if (sweep->depth-- > STALLS_WORKERS)
		return;
	struct level *level = &sweep->level[sweep->depth];
	uint64_t took = edge->ns - level->since;

	level->total += took;
	level->count += took > 0;
	level->squares += (double)took * (double)took;
	if (took > level->longest)
		level->longest = took;
}

/* Removes the first half of the edges. A poll that begins before the others' start counts from there. */
static void sweep_half(struct stalls *s)
{
	size_t half = EDGES / 2;

	qsort(s->edge, s->edges, sizeof(*s->edge), by_time);
	for (size_t i = 0; i < half; i++)
		pass(&s->sweep, &s->edge[i]);
	s->swept = s->edge[half - 1].ns;
	s->edges -= half;
	memmove(s->edge, s->edge + half, s->edges * sizeof(*s->edge));
}

void stalls_add(struct stalls *s, uint64_t start, uint64_t end)
{
	if (s->edges + 2 > EDGES)
		sweep_half(s);
	if (start < s->swept)
		start = s->swept;
	if (end <= start)
		return;
	s->edge[s->edges++] = (struct edge){start, true};
	s->edge[s->edges++] = (struct edge){end, false};
}

struct stalled stalls_of(const struct stalls *s, size_t workers)
{
	struct stalled stalled = {0};

	if (workers < 1 || workers > STALLS_WORKERS)
		return stalled;
	struct stalls *copy = xmemdup(s, sizeof(*s), sizeof(*s));
	const struct level *level = &copy->sweep.level[workers - 1];

	qsort(copy->edge, copy->edges, sizeof(*copy->edge), by_time);
	for (size_t i = 0; i < copy->edges; i++)
		pass(&copy->sweep, &copy->edge[i]);
	stalled.workers = workers;
	stalled.total = level->total;
	stalled.count = level->count;
	stalled.longest = level->longest;
	stalled.mean_wait = level->total ? (uint64_t)(level->squares / (double)level->total / 2) : 0;
	free(copy);
	return stalled;
}
