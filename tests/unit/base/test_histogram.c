/* SPDX-License-Identifier: Apache-2.0 */
/* test_histogram.c - durations in buckets: which bucket they get, and how exact the results are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/histogram.h"

static struct histogram h;

static int empty(void **state)
{
	(void)state;
	memset(&h, 0, sizeof h);
	return 0;
}

/* The bucket of the only duration in `h`. */
static size_t only_bucket(void)
{
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		if (h.bucket[i])
			return i;
	fail();
	return 0;
}

static void nothing_in_nothing_out(void **state)
{
	(void)state;
	assert_int_equal(histogram_quantile(&h, 0), 0);
	assert_int_equal(histogram_quantile(&h, 0.5), 0);
	assert_int_equal(histogram_quantile(&h, 1), 0);
}

static void buckets_follow_each_other(void **state)
{
	(void)state;
	assert_int_equal(histogram_bucket_low(0), 0);
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		uint64_t low = histogram_bucket_low(i), next = histogram_bucket_low(i + 1);

		assert_true(next > low);
		/* At most 1/16 wide. */
		assert_true(next - low == 1 || (next - low) * HISTOGRAM_SUB <= low);
	}
}

static void edges_are_in_their_bucket(void **state)
{
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		empty(state);
		histogram_add(&h, histogram_bucket_low(i));
		assert_int_equal(only_bucket(), i);
		empty(state);
		histogram_add(&h, histogram_bucket_low(i + 1) - 1);
		assert_int_equal(only_bucket(), i);
	}
}

static void the_longest_count_too(void **state)
{
	(void)state;
	histogram_add(&h, UINT64_MAX);
	assert_int_equal(only_bucket(), HISTOGRAM_BUCKETS - 1);
	assert_int_equal(h.max, UINT64_MAX);
	assert_int_equal(h.count, 1);
}

static void one_duration_is_every_quantile(void **state)
{
	static const uint64_t durations[] = {0, 1, 31, 32, 33, 1000, 5000000, 123456789, 3600000000000};

	for (size_t i = 0; i < sizeof durations / sizeof *durations; i++) {
		empty(state);
		histogram_add(&h, durations[i]);
		for (double share = 0; share <= 1; share += 0.25) {
			uint64_t q = histogram_quantile(&h, share);

			assert_true(q <= durations[i]);
			assert_true((durations[i] - q) * HISTOGRAM_SUB <= durations[i]);
		}
	}
}

/* 1 to 1000 ms: the quantiles differ from the true ones by less than a bucket's width. */
static void quantiles_are_near(void **state)
{
	(void)state;
	for (uint64_t ms = 1; ms <= 1000; ms++)
		histogram_add(&h, ms * 1000000);
	assert_int_equal(h.count, 1000);
	assert_int_equal(h.max, 1000000000);
	for (int percent = 1; percent <= 99; percent++) {
		double wanted = percent * 1e7, got = (double)histogram_quantile(&h, percent / 100.0);

		assert_true(got > wanted * (1 - 1.0 / HISTOGRAM_SUB) - 1e6);
		assert_true(got < wanted * (1 + 1.0 / HISTOGRAM_SUB) + 1e6);
	}
	assert_int_equal(histogram_quantile(&h, 1), 1000000000);
}

static void quantiles_grow(void **state)
{
	uint64_t last = 0, x = 88172645463325252;

	(void)state;
	for (int i = 0; i < 10000; i++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		histogram_add(&h, x >> (16 + x % 40));
	}
	for (int i = 0; i <= 1000; i++) {
		uint64_t q = histogram_quantile(&h, i / 1000.0);

		assert_true(q >= last && q <= h.max);
		last = q;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing_in_nothing_out, empty),
		cmocka_unit_test_setup(buckets_follow_each_other, empty),
		cmocka_unit_test_setup(edges_are_in_their_bucket, empty),
		cmocka_unit_test_setup(the_longest_count_too, empty),
		cmocka_unit_test_setup(one_duration_is_every_quantile, empty),
		cmocka_unit_test_setup(quantiles_are_near, empty),
		cmocka_unit_test_setup(quantiles_grow, empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
