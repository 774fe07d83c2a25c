/* SPDX-License-Identifier: Apache-2.0 */
/* test_standstill.c - when no worker waited in the driver of I/O and timers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tally/standstill.h"

#define MS(n) ((uint64_t)(n)*1000000)

static const struct blocker parse = {.function = "app::parse"}, hash = {.function = "app::hash"};

static void one_is_blocked_and_another_idle(void **state)
{
	struct standstills *s = standstills_new();

	(void)state;
	standstills_parked(s, MS(100), true);
	standstills_parked(s, MS(150), true);
	standstills_parked(s, MS(500), false);
	standstills_parked(s, MS(600), true); /* and so until the end */
	standstills_poll(s, MS(50), MS(450), 7, &parse);
	standstills_poll(s, MS(620), MS(700), 8, &hash);
	struct standstill sum = standstills_of(s, 2);

	assert_int_equal(sum.total, MS(350 + 80));
	assert_int_equal(sum.count, 2);
	assert_int_equal(sum.longest, MS(350));
	assert_int_equal(sum.tid, 7);
	assert_ptr_equal(sum.blocker, &parse);
	standstills_free(s);
}

/* That is different: no worker could take over. And short stretches may depend on when they were observed. */
static void all_blocked_or_a_moment_only(void **state)
{
	struct standstills *s = standstills_new();

	(void)state;
	standstills_parked(s, MS(100), true);
	standstills_poll(s, MS(100), MS(300), 7, &parse);
	standstills_poll(s, MS(120), MS(300), 8, &hash);
	standstills_poll(s, MS(400), MS(430), 8, &hash);
	assert_int_equal(standstills_of(s, 2).count, 0);
	assert_null(standstills_of(s, 2).blocker);
	assert_int_equal(standstills_of(s, 3).total, MS(200));
	standstills_free(s);
}

/* Whoever stopped it is to blame; standstill before and after counts if it is long enough. */
static void stopped_meanwhile(void **state)
{
	struct standstills *s = standstills_new();

	(void)state;
	standstills_parked(s, MS(100), true);
	standstills_parked(s, MS(600), false);
	standstills_poll(s, MS(100), MS(600), 7, &parse);
	standstills_stop(s, MS(130), MS(500));
	standstills_stop(s, MS(140), MS(510));
	assert_int_equal(standstills_of(s, 2).total, MS(90));
	assert_int_equal(standstills_of(s, 2).count, 1);
	standstills_free(s);
}

static void the_latest_are_kept(void **state)
{
	struct standstills *s = standstills_new();
	uint64_t at = 0;

	(void)state;
	for (int i = 0; i < 20000; i++, at += MS(200)) {
		standstills_parked(s, at, true);
		standstills_poll(s, at, at + MS(100), 7, &parse);
		standstills_parked(s, at + MS(150), false);
	}
	struct standstill sum = standstills_of(s, 2);

	assert_in_range(sum.count, 1000, 20000);
	assert_int_equal(sum.total, sum.count * MS(100));
	standstills_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_is_blocked_and_another_idle),
		cmocka_unit_test(all_blocked_or_a_moment_only),
		cmocka_unit_test(stopped_meanwhile),
		cmocka_unit_test(the_latest_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
