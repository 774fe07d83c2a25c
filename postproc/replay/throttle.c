/* SPDX-License-Identifier: Apache-2.0 */
/* throttle.c - see throttle.h.
 *
 * The kernel adds to its counters when a group may run again: the sum, over all throttled CPUs, of how long
 * it could not. A line comes within LATE_NS of that.
 */
#include "replay/throttle.h"

#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#define GROUPS 16
#define LATE_NS 20000000
#define KEPT 256 /* the latest stretches that are kept */

struct group {
	char *name;
	struct quota first, last; /* the counters in the first and the latest line */
};

struct throttle {
	struct group group[GROUPS];
	size_t groups;
	struct {
		uint64_t start, end;
	} stretch[KEPT];
	size_t stretches; /* how many ever */
	uint64_t first_steal, steal;
	bool has_steal;
};

struct throttle *throttle_new(void)
{
	return xcalloc(1, sizeof(struct throttle));
}

void throttle_free(struct throttle *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->groups; i++)
		free(t->group[i].name);
	free(t);
}

static struct quota counters(const struct event *e)
{
	return (struct quota){.quota = e->quota.quota,
			      .period = e->quota.period,
			      .periods = e->quota.periods,
			      .throttled = e->quota.throttled,
			      .time = e->total};
}

static struct group *group_of(struct throttle *t, const struct event *e)
{
	for (size_t i = 0; i < t->groups; i++)
		if (!strcmp(t->group[i].name, e->text))
			return &t->group[i];
	if (t->groups == GROUPS)
		return NULL;
	struct group *g = &t->group[t->groups++];

	g->name = xstrdup(e->text);
	g->first = g->last = counters(e);
	return g;
}

/* How long one CPU was throttled, if `added` is the sum over all throttled ones: none waits longer than a
 * period. */
static uint64_t of_one_cpu(uint64_t added, uint64_t period)
{
	return added / (period ? (added + period - 1) / period : 1);
}

void throttle_add(struct throttle *t, const struct event *e)
{
	if (e->kind == EVENT_STEAL) {
		t->first_steal = t->has_steal ? t->first_steal : e->total;
		t->steal = e->total;
		t->has_steal = true;
		return;
	}
	struct group *g = group_of(t, e);

	if (!g || e->total < g->last.time)
		return;
	if (e->total > g->last.time) {
		size_t at = t->stretches++ % KEPT;

		t->stretch[at].end = e->ns;
		t->stretch[at].start =
			e->ns - of_one_cpu(e->total - g->last.time, e->quota.period * 1000) - LATE_NS;
	}
	g->last = counters(e);
}

void throttle_begin(struct throttle *t)
{
	for (size_t i = 0; i < t->groups; i++)
		t->group[i].first = t->group[i].last;
	t->first_steal = t->steal;
}

bool throttle_covers(const struct throttle *t, uint64_t start, uint64_t end)
{
	uint64_t covered = 0;

	for (size_t i = 0; i < t->stretches && i < KEPT; i++) {
		uint64_t from = t->stretch[i].start > start ? t->stretch[i].start : start;
		uint64_t to = t->stretch[i].end < end ? t->stretch[i].end : end;

		covered += to > from ? to - from : 0;
	}
	return covered * 2 > end - start;
}

void throttle_sum(const struct throttle *t, struct quota *quota, uint64_t *steal)
{
	*quota = (struct quota){0};
	for (size_t i = 0; i < t->groups; i++) {
		const struct group *g = &t->group[i];

		if (quota->name && g->last.time - g->first.time <= quota->time)
			continue;
		*quota = g->last;
		quota->name = g->name;
		quota->periods -= g->first.periods;
		quota->throttled -= g->first.throttled;
		quota->time -= g->first.time;
	}
	*steal = t->steal - t->first_steal;
}
