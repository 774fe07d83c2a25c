/* SPDX-License-Identifier: Apache-2.0 */
/* test_what-if.c - simulated polls of which it is known what each blocker is to blame for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tally/model.h"
#include "tally/stalls.h"
#include "tally/what-if.h"

static struct blocker a, b, c;

struct times {
	uint64_t a, b, c;
};

static void take(void *context, const struct blocker *blocker, uint64_t time)
{
	struct times *times = context;

	*(blocker == &a ? &times->a : blocker == &b ? &times->b : &times->c) = time;
}

static struct times due(const struct what_if *w, size_t workers)
{
	struct times times = {0};

	what_if_visit(w, workers, take, &times);
	return times;
}

/* Two workers. Both are blocked from 20 to 30 (a and b), from 40 to 50 (b and b) and from 70 to 75 (a and c). */
static void each_stretch_is_due_to_all_that_are_in_it(void **state)
{
	struct what_if *w = what_if_new();

	(void)state;
	what_if_add(w, 20, 50, &b);
	what_if_add(w, 40, 60, &b);
	what_if_add(w, 10, 30, &a);
	what_if_add(w, 65, 75, &a);
	what_if_add(w, 70, 90, &c);
	for (int times = 0; times < 2; times++) { /* asking changes nothing */
		struct times both = due(w, 2), any = due(w, 1);

		assert_int_equal(both.a, 10 + 5);
		assert_int_equal(both.b, 10 + 10);
		assert_int_equal(both.c, 5);
		assert_int_equal(any.a, 20 + 10);
		assert_int_equal(any.b, 40);
		assert_int_equal(any.c, 20);
	}
	assert_int_equal(due(w, 3).b, 0);
	assert_int_equal(due(w, 0).b, 0);
	what_if_free(w);
}

/* The time with all workers blocked, of a trace without one of the blockers. */
static uint64_t stalled_without(const struct blocker *without, size_t polls, uint64_t (*poll)[3])
{
	const struct blocker *of[] = {&a, &b, &c};
	struct stalls *s = stalls_new();

	for (size_t i = 0; i < polls; i++)
		if (of[poll[i][2]] != without)
			stalls_add(s, poll[i][0], poll[i][1]);
	uint64_t total = stalls_of(s, 2).total;

	stalls_free(s);
	return total;
}

/* Twenty thousand polls of two workers, whose lengths and pauses follow a fixed sequence of numbers. */
static void what_is_told_is_what_a_trace_without_it_has(void **state)
{
	enum { POLLS = 20000 };
	static uint64_t poll[POLLS][3];
	const struct blocker *of[] = {&a, &b, &c};
	struct what_if *w = what_if_new();
	uint64_t now[2] = {0}, seed = 1;

	(void)state;
	for (size_t i = 0; i < POLLS; i++) {
		size_t worker = now[1] < now[0];

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		poll[i][0] = now[worker] + (seed >> 40) % 50;
		poll[i][1] = poll[i][0] + 1 + (seed >> 50) % 40;
		poll[i][2] = (seed >> 33) % 3;
		now[worker] = poll[i][1];
		what_if_add(w, poll[i][0], poll[i][1], of[poll[i][2]]);
	}
	uint64_t all = stalled_without(NULL, POLLS, poll);
	struct times times = due(w, 2);

	assert_true(all > POLLS);
	assert_int_equal(all - times.a, stalled_without(&a, POLLS, poll));
	assert_int_equal(all - times.b, stalled_without(&b, POLLS, poll));
	assert_int_equal(all - times.c, stalled_without(&c, POLLS, poll));
	what_if_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_stretch_is_due_to_all_that_are_in_it),
		cmocka_unit_test(what_is_told_is_what_a_trace_without_it_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
