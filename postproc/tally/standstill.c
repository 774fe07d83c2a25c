/* SPDX-License-Identifier: Apache-2.0 */
/* standstill.c - see standstill.h: sweeps over starts and ends of long polls, and of stretches in which no
 * worker was in the driver. */
#include "tally/standstill.h"

#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#define POLLS 2048
#define CHANGES 8192
#define STOPS 256
#define LEAST_NS                                                                                             \
	50000000 /* ns that count: workers are checked every 20 ms, so shorter ones may have had a gap */

struct poll {
	uint64_t start, end;
	long tid;
	const struct blocker *blocker;
	uint64_t shared; /* of all stretches */
};

struct change {
	uint64_t ns;
	bool unpolled;
};

struct stop {
	uint64_t start, end;
};

struct standstills {
	struct poll poll[POLLS];
	size_t polls; /* how many ever */
	struct change change[CHANGES];
	size_t changes; /* how many ever */
	struct stop stop[STOPS];
	size_t stops; /* how many ever */
};

struct standstills *standstills_new(void)
{
	return xcalloc(1, sizeof(struct standstills));
}

void standstills_free(struct standstills *s)
{
	free(s);
}

static size_t kept(size_t ever, size_t most)
{
	return ever < most ? ever : most;
}

void standstills_parked(struct standstills *s, uint64_t ns, bool unpolled)
{
	if (s->changes && s->change[(s->changes - 1) % CHANGES].unpolled == unpolled)
		return;
	s->change[s->changes++ % CHANGES] = (struct change){ns, unpolled};
}

void standstills_stop(struct standstills *s, uint64_t start, uint64_t end)
{
	s->stop[s->stops++ % STOPS] = (struct stop){start, end};
}

void standstills_clear(struct standstills *s)
{
	s->polls = 0;
}

void standstills_poll(struct standstills *s, uint64_t start, uint64_t end, long tid,
		      const struct blocker *blocker)
{
	s->poll[s->polls++ % POLLS] = (struct poll){start, end, tid, blocker, 0};
}

/* A start or end: of a stretch without a worker in the driver, of a poll, or of a stop. */
struct edge {
	uint64_t ns;
	int polls;    /* change of their number */
	int unpolled; /* 1, -1, or 0 */
	int stopped;  /* change of their number */
};

static int by_time(const void *one, const void *two)
{
	const struct edge *a = one, *b = two;

	return (a->ns > b->ns) - (a->ns < b->ns);
}

static size_t collect(const struct standstills *s, struct edge *edge)
{
	size_t n = 0, polls = kept(s->polls, POLLS), changes = kept(s->changes, CHANGES);

	for (size_t i = 0; i < polls; i++) {
		edge[n++] = (struct edge){s->poll[i].start, 1, 0, 0};
		edge[n++] = (struct edge){s->poll[i].end, -1, 0, 0};
	}
	for (size_t i = s->changes - changes; i < s->changes; i++) {
		const struct change *c = &s->change[i % CHANGES];

		/* A stretch that first ends had begun before. */
		if (c->unpolled || i > s->changes - changes)
			edge[n++] = (struct edge){c->ns, 0, c->unpolled ? 1 : -1, 0};
	}
	for (size_t i = 0; i < kept(s->stops, STOPS); i++) {
		edge[n++] = (struct edge){s->stop[i].start, 0, 0, 1};
		edge[n++] = (struct edge){s->stop[i].end, 0, 0, -1};
	}
	qsort(edge, n, sizeof(*edge), by_time);
	return n;
}

/* Adds a stretch, and the polls during it. */
static void add(struct standstill *sum, struct poll *poll, size_t polls, uint64_t start, uint64_t end)
{
	if (end - start < LEAST_NS)
		return;
	sum->total += end - start;
	sum->count++;
	sum->longest = end - start > sum->longest ? end - start : sum->longest;
	for (size_t i = 0; i < polls; i++) {
		uint64_t from = poll[i].start > start ? poll[i].start : start;
		uint64_t to = poll[i].end < end ? poll[i].end : end;

		poll[i].shared += to > from ? to - from : 0;
	}
}

/* The worker and the blocker with most of it. */
static void find_cause(struct standstill *sum, struct poll *poll, size_t polls)
{
	uint64_t most = 0;
	size_t count = 0;

	for (size_t i = 0; i < polls; i++)
		if (poll[i].shared)
			poll[count++] = poll[i];
	for (size_t i = 0; i < count; i++) {
		uint64_t all = 0;

		for (size_t j = 0; j < count; j++)
			all += poll[j].blocker == poll[i].blocker && poll[j].tid == poll[i].tid
				       ? poll[j].shared
				       : 0;
		if (all > most) {
			most = all;
			sum->blocker = poll[i].blocker;
			sum->tid = poll[i].tid;
		}
	}
}

struct standstill standstills_of(const struct standstills *s, size_t workers)
{
	size_t polls = kept(s->polls, POLLS);
	struct edge *edge =
		xcalloc(2 * polls + kept(s->changes, CHANGES) + 2 * kept(s->stops, STOPS) + 1, sizeof(*edge));
	struct poll *poll = xcalloc(polls + 1, sizeof(*poll));
	struct standstill sum = {0};
	size_t n = collect(s, edge), depth = 0;
	uint64_t since = 0;
	int unpolled = 0, stopped = 0;

	memcpy(poll, s->poll, polls * sizeof(*poll));
	for (size_t i = 0; i < n; i++) {
		depth += (size_t)edge[i].polls;
		unpolled += edge[i].unpolled;
		stopped += edge[i].stopped;
		bool stands = unpolled > 0 && stopped == 0 && depth > 0 && depth < workers;

		if (since && !stands)
			add(&sum, poll, polls, since, edge[i].ns);
		since = !stands ? 0 : since ? since : edge[i].ns;
	}
	find_cause(&sum, poll, polls);
	free(edge);
	free(poll);
	return sum;
}
