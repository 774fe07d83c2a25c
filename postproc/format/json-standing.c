/* SPDX-License-Identifier: Apache-2.0 */
/* json-standing.c - where all tasks stood, as JSON (declared in json-parts.h). */
#include <stdlib.h>

#include "format/json-parts.h"
#include "tally/standing.h"

static void groups(struct json *j, const struct standing *s)
{
	size_t count;
	const struct standing_group **group = standing_sorted(s, true, &count);

	json_array_begin(j, "groups");
	for (size_t i = 0; i < count; i++) {
		const struct standing_group *g = group[i];

		json_object_begin(j, NULL);
		json_number(j, "tasks", g->count);
		json_number(j, "most", g->most);
		json_number(j, "lost", g->lost);
		json_text(j, "state", g->state);
		json_text(j, "future", g->future);
		json_text(j, "waits_for", *g->place ? g->place : NULL);
		json_object_end(j);
	}
	json_array_end(j);
	free(group);
}

static void behind(struct json *j, const struct standing *s)
{
	json_array_begin(j, "behind");
	for (size_t i = 0; i < s->behinds; i++) {
		json_object_begin(j, NULL);
		json_signed(j, "tid", s->behind[i].tid);
		json_text(j, "polls", s->behind[i].polled);
		json_number(j, "tasks", s->behind[i].count);
		json_text(j, "future", s->behind[i].future);
		json_object_end(j);
	}
	json_array_end(j);
}

void json_standing(struct json *j, const struct model *m)
{
	const struct standing *s = m->standing;

	if (!s)
		return;
	json_object_begin(j, "standing");
	json_signed(j, "at_ns", (int64_t)(s->ns - m->start));
	json_number(j, "looks", s->looks);
	json_number(j, "tasks", s->tasks);
	json_number(j, "lost", s->lost);
	groups(j, s);
	behind(j, s);
	json_object_end(j);
}
