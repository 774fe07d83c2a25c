/* SPDX-License-Identifier: Apache-2.0 */
/* test_stalls.c - when several workers were in long polls at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tally/stalls.h"

static void stretches_of_each_number_of_workers(void **state)
{
	struct stalls *s = stalls_new();

	(void)state;
	/* 10..30, 20..50, 40..60: two at once in 20..30 and 40..50. In any order. */
	stalls_add(s, 20, 50);
	stalls_add(s, 40, 60);
	stalls_add(s, 10, 30);
	stalls_add(s, 70, 70); /* none */
	struct stalled one = stalls_of(s, 1), two = stalls_of(s, 2), three = stalls_of(s, 3);

	assert_int_equal(one.total, 50);
	assert_int_equal(one.count, 1);
	assert_int_equal(one.longest, 50);
	assert_int_equal(one.mean_wait, 25);
	assert_int_equal(two.total, 20);
	assert_int_equal(two.count, 2);
	assert_int_equal(two.longest, 10);
	assert_int_equal(two.mean_wait, 5);
	assert_int_equal(three.total, 0);
	assert_int_equal(three.count, 0);
	assert_int_equal(stalls_of(s, 0).total, 0);
	assert_int_equal(stalls_of(s, STALLS_WORKERS + 1).total, 0);
	stalls_free(s);
}

static void one_behind_the_other_is_not_at_once(void **state)
{
	struct stalls *s = stalls_new();

	(void)state;
	stalls_add(s, 10, 20);
	stalls_add(s, 20, 30);
	assert_int_equal(stalls_of(s, 1).total, 20);
	assert_int_equal(stalls_of(s, 2).total, 0);
	stalls_free(s);
}

/* Asking changes nothing, and of very many polls nothing is lost. */
static void many(void **state)
{
	struct stalls *s = stalls_new();

	(void)state;
	for (uint64_t i = 0; i < 100000; i++) {
		stalls_add(s, i * 100, i * 100 + 60);
		stalls_add(s, i * 100 + 50, i * 100 + 90);
		if (i % 10000 == 0)
			assert_int_equal(stalls_of(s, 2).count, i + 1);
	}
	assert_int_equal(stalls_of(s, 1).total, 9000000);
	assert_int_equal(stalls_of(s, 2).total, 1000000);
	assert_int_equal(stalls_of(s, 2).mean_wait, 5);
	/* One that comes far too late counts from where the sweep is. */
	stalls_add(s, 0, 100000 * 100);
	assert_true(stalls_of(s, 2).total > 1000000);
	assert_true(stalls_of(s, 3).total < 1000000);
	/* More workers than it has room for. */
	for (int i = 0; i < STALLS_WORKERS + 9; i++)
		stalls_add(s, 20000000, 20000100);
	assert_int_equal(stalls_of(s, STALLS_WORKERS).total, 100);
	stalls_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stretches_of_each_number_of_workers),
		cmocka_unit_test(one_behind_the_other_is_not_at_once),
		cmocka_unit_test(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
