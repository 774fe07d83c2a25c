/* SPDX-License-Identifier: Apache-2.0 */
/* standing.c - see standing.h. */
#include "tally/standing.h"

#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "stream/event.h"

struct standings {
	struct standing sum;
	struct standing_group *group;
	struct standing_behind *behind;
	size_t groups_room, behinds_room;
};

struct standings *standings_new(void)
{
	return xcalloc(1, sizeof(struct standings));
}

static void forget_behind(struct standings *s)
{
	for (size_t i = 0; i < s->sum.behinds; i++) {
		free((char *)s->behind[i].polled);
		free((char *)s->behind[i].future);
	}
	s->sum.behinds = 0;
}

static void free_texts(struct standing_group *g)
{
	free((char *)g->state);
	free((char *)g->future);
	free((char *)g->place);
}

void standings_free(struct standings *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->sum.groups; i++)
		free_texts(&s->group[i]);
	forget_behind(s);
	free(s->group);
	free(s->behind);
	free(s);
}

static void begin(struct standings *s, const struct event *e)
{
	for (size_t i = 0; i < s->sum.groups; i++)
		s->group[i].count = s->group[i].lost = 0;
	forget_behind(s);
	s->sum.ns = e->ns;
	s->sum.looks++;
	s->sum.tasks = e->count;
	s->sum.lost = e->lost;
}

static bool is_same(const char *one, const char *other)
{
	return one && other ? !strcmp(one, other) : one == other;
}

static char *copy(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

/* Where a new group goes: in place of one that has not been seen for the longest time, if there is no more room. NULL: all
 * are of this look. */
static struct standing_group *room_for(struct standings *s)
{
	struct standing_group *oldest = s->group;

	if (s->sum.groups < STANDING_KEPT) {
		GROW(s->group, s->groups_room, s->sum.groups + 1);
		s->sum.group = s->group;
		return &s->group[s->sum.groups++];
	}
	for (size_t i = 1; i < s->sum.groups; i++)
		if (s->group[i].last < oldest->last)
			oldest = &s->group[i];
	if (oldest->last == s->sum.looks)
		return NULL;
	free_texts(oldest);
	return oldest;
}

static struct standing_group *group_of(struct standings *s, const struct event *e)
{
	for (size_t i = 0; i < s->sum.groups; i++) {
		struct standing_group *g = &s->group[i];

		if (is_same(g->future, e->future) && is_same(g->place, e->text) && is_same(g->state, e->key))
			return g;
	}
	struct standing_group *g = room_for(s);

	if (g)
		*g = (struct standing_group){
			.state = copy(e->key), .future = copy(e->future), .place = copy(e->text)};
	return g;
}

static void add_group(struct standings *s, const struct event *e)
{
	struct standing_group *g = group_of(s, e);

	if (!g)
		return;
	g->count += e->count;
	g->lost += e->lost;
	g->most = g->count > g->most ? g->count : g->most;
	g->last = s->sum.looks;
}

static void add_behind(struct standings *s, const struct event *e)
{
	if (s->sum.behinds == STANDING_KEPT)
		return;
	GROW(s->behind, s->behinds_room, s->sum.behinds + 1);
	s->sum.behind = s->behind;
	s->behind[s->sum.behinds++] = (struct standing_behind){
		.tid = e->tid, .count = e->count, .polled = copy(e->key), .future = copy(e->text)};
}

void standings_add(struct standings *s, const struct event *e)
{
	if (e->kind == EVENT_LOOK)
		begin(s, e);
	else if (!s->sum.looks || e->ns != s->sum.ns)
		return;
	else if (e->kind == EVENT_STANDS)
		add_group(s, e);
	else
		add_behind(s, e);
}

const struct standing *standings_all(const struct standings *s)
{
	return s->sum.looks ? &s->sum : NULL;
}

static int by_count(const void *one, const void *two)
{
	const struct standing_group *a = *(const struct standing_group *const *)one,
				    *b = *(const struct standing_group *const *)two;

	if (a->count != b->count)
		return a->count < b->count ? 1 : -1;
	if (a->most != b->most)
		return a->most < b->most ? 1 : -1;
	return (a > b) - (a < b);
}

const struct standing_group **standing_sorted(const struct standing *standing, bool ever, size_t *count)
{
	const struct standing_group **sorted =
		xcalloc(standing->groups + 1, sizeof(const struct standing_group *));

	*count = 0;
	for (size_t i = 0; i < standing->groups; i++)
		if (standing->group[i].count || ever)
			sorted[(*count)++] = &standing->group[i];
	qsort(sorted, *count, sizeof(*sorted), by_count);
	return sorted;
}
