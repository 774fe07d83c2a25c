/* SPDX-License-Identifier: Apache-2.0 */
/* test_standing.c - where all tasks stood, at more looks than are kept of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "stream/event.h"
#include "tally/standing.h"

static void add_look(struct standings *s, uint64_t ns, uint64_t count)
{
	standings_add(s, &(struct event){.kind = EVENT_LOOK, .ns = ns, .count = count});
}

static void add_group(struct standings *s, uint64_t ns, uint64_t count, const char *place)
{
	standings_add(s, &(struct event){.kind = EVENT_STANDS,
					 .ns = ns,
					 .count = count,
					 .key = "idle",
					 .future = "app::conn",
					 .text = place});
}

static const struct standing_group *group_at(const struct standing *standing, const char *place)
{
	for (size_t i = 0; i < standing->groups; i++)
		if (!strcmp(standing->group[i].place, place))
			return &standing->group[i];
	return NULL;
}

/* Each connection has an address of its own. */
static void groups_of_the_latest_looks_are_kept(void **state)
{
	struct standings *s = standings_new();
	char place[32];
	size_t count;
	(void)state;

	assert_null(standings_all(s));
	for (unsigned look = 1; look <= STANDING_KEPT + 10; look++) {
		add_look(s, look, 2);
		snprintf(place, sizeof(place), "socket (10.0.0.1:%u)", look);
		add_group(s, look, 1, place);
		add_group(s, look, look == 5 ? 7 : 3, "sleep");
	}
	const struct standing *all = standings_all(s);

	assert_int_equal(all->looks, STANDING_KEPT + 10);
	assert_int_equal(all->groups, STANDING_KEPT);
	assert_int_equal(group_at(all, place)->count, 1);
	assert_int_equal(group_at(all, "sleep")->count, 3);
	assert_int_equal(group_at(all, "sleep")->most, 7);
	assert_null(group_at(all, "socket (10.0.0.1:1)"));
	assert_non_null(group_at(all, "socket (10.0.0.1:12)"));
	free(standing_sorted(all, false, &count));
	assert_int_equal(count, 2);
	standings_free(s);
}

/* Of one look, the first. */
static void one_look_cannot_have_more(void **state)
{
	struct standings *s = standings_new();
	char place[32];
	(void)state;

	add_look(s, 1, 1);
	for (unsigned i = 0; i < STANDING_KEPT + 10; i++) {
		snprintf(place, sizeof(place), "socket (10.0.0.1:%u)", i);
		add_group(s, 1, 1, place);
	}
	assert_int_equal(standings_all(s)->groups, STANDING_KEPT);
	assert_non_null(group_at(standings_all(s), "socket (10.0.0.1:0)"));
	assert_null(group_at(standings_all(s), place));
	/* A line of another look. */
	add_group(s, 2, 1, "sleep");
	assert_null(group_at(standings_all(s), "sleep"));
	standings_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_of_the_latest_looks_are_kept),
		cmocka_unit_test(one_look_cannot_have_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
