/* SPDX-License-Identifier: Apache-2.0 */
/* test_significance.c - chance is rarely taken for a change, and a change rarely for chance. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "diff/significance.h"

#define TRIALS 4000
#define LENGTH 1000000 /* of a trace, in any unit */

/* The same random numbers everywhere: Lehmer's generator. 0 <= x < 1. */
static double random_number(void)
{
	static uint64_t state = 12345;

	state = state * 48271 % 2147483647;
	return (double)state / 2147483647;
}

/* A trace of `count` blocks at random times, each of 10 to 30; or in bursts of 10 blocks, which last a tenth
 * of it. */
static struct slices trace(size_t count, size_t burst)
{
	struct slices s = {{0}};

	for (size_t i = 0; i < count; i += burst) {
		double at = random_number() * LENGTH;

		for (size_t j = 0; j < burst; j++) {
			double when = at + (burst > 1 ? random_number() * LENGTH / 10 : 0);

			slices_add(&s, 0, LENGTH, (uint64_t)when, 10 + 20 * random_number());
		}
	}
	return s;
}

/* The share of comparisons with a chance below `limit`. */
static double found(size_t before, size_t after, size_t burst, double limit)
{
	size_t differ = 0;

	for (size_t i = 0; i < TRIALS; i++) {
		struct slices one = trace(before, burst), other = trace(after, burst);

		differ += noise_chance(&one, &other) < limit;
	}
	return (double)differ / TRIALS;
}

static void nothing_changed(void **state)
{
	(void)state;
	/* Not more than claimed, at the limits for one row and for 25 rows. */
	assert_true(found(400, 400, 1, 0.01) <= 0.012);
	assert_true(found(40, 40, 1, 0.01) <= 0.012);
	assert_true(found(5, 5, 1, 0.01) <= 0.012);
	assert_true(found(1, 0, 1, 0.01) <= 0.012);
	assert_true(found(3, 0, 1, 0.01) <= 0.012);
	assert_true(found(40, 40, 1, 0.0004) <= 0.001);
}

static void bursts_are_few_observations(void **state)
{
	(void)state;
	assert_true(found(400, 400, 10, 0.01) <= 0.03);
	assert_true(found(200, 200, 10, 0.0004) <= 0.006);
}

static void changes_are_found(void **state)
{
	(void)state;
	assert_true(found(400, 800, 1, 0.0004) >= 0.95);
	assert_true(found(100, 0, 1, 0.0004) >= 0.99);
	assert_true(found(30, 0, 1, 0.0004) >= 0.75);
	assert_true(found(400, 200, 1, 0.01) >= 0.95);
}

static void edges(void **state)
{
	struct slices none = {{0}}, even = {{0}}, other = {{0}};
	(void)state;

	for (size_t i = 0; i < NOISE_SLICES; i++) {
		slices_add(&even, 100, 100 + 10 * NOISE_SLICES, 100 + 10 * i + 9, 3);
		slices_add(&other, 0, NOISE_SLICES, i, 4);
	}
	for (size_t i = 0; i < NOISE_SLICES; i++)
		assert_true(even.value[i] > 2.9 && even.value[i] < 3.1);
	assert_true(noise_chance(&none, &none) == 1);
	assert_true(noise_chance(&even, &even) == 1);
	assert_true(noise_chance(&even, &other) == 0); /* no spread at all */
	assert_true(noise_chance(&even, &none) == 0);
	/* What is outside belongs to the nearest slice, and a trace without length is one slice. */
	slices_add(&none, 100, 200, 50, 1);
	slices_add(&none, 100, 200, 200, 2);
	slices_add(&none, 100, 200, UINT64_MAX, 2);
	slices_add(&none, 100, 100, 100, 1);
	slices_add(&none, 200, 100, 150, 1);
	assert_true(none.value[0] > 2.9 && none.value[0] < 3.1);
	assert_true(none.value[NOISE_SLICES - 1] > 3.9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_changed),
		cmocka_unit_test(bursts_are_few_observations),
		cmocka_unit_test(changes_are_found),
		cmocka_unit_test(edges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
