/* SPDX-License-Identifier: Apache-2.0 */
/* test_throttle.c - when a CPU quota kept a process from running. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replay/throttle.h"

#define MS(n) ((uint64_t)(n)*1000000)

static void say(struct throttle *t, const char *group, uint64_t ms, uint64_t throttled, uint64_t taken_ms)
{
	throttle_add(t, &(struct event){.kind = EVENT_THROTTLED,
					.ns = MS(ms),
					.quota = {20000, 100000, throttled + 5, throttled},
					.total = MS(taken_ms),
					.text = group});
}

static void waits_are_told_by_when_it_could_run_again(void **state)
{
	struct throttle *t = throttle_new();

	(void)state;
	say(t, "/app", 1000, 40, 3000);
	say(t, "/app", 1100, 41, 3080);
	assert_true(throttle_covers(t, MS(1025), MS(1095)));
	assert_true(throttle_covers(t, MS(1010), MS(1100)));
	assert_false(throttle_covers(t, MS(900), MS(1000)));
	assert_false(throttle_covers(t, MS(1101), MS(1150)));
	/* On two CPUs at once: each for half of it. */
	say(t, "/app", 1400, 42, 3240);
	assert_true(throttle_covers(t, MS(1330), MS(1400)));
	assert_false(throttle_covers(t, MS(1230), MS(1290)));
	throttle_free(t);
}

static void what_was_before_does_not_count(void **state)
{
	struct throttle *t = throttle_new();
	struct quota quota;
	uint64_t steal;

	(void)state;
	throttle_sum(t, &quota, &steal);
	assert_null(quota.name);
	say(t, "/", 900, 0, 0);
	say(t, "/app", 900, 30, 2000);
	say(t, "/app", 1000, 40, 3000);
	throttle_add(t, &(struct event){.kind = EVENT_STEAL, .total = MS(500)});
	throttle_begin(t);
	say(t, "/app", 1100, 42, 3160);
	throttle_add(t, &(struct event){.kind = EVENT_STEAL, .total = MS(540)});
	throttle_sum(t, &quota, &steal);
	assert_string_equal(quota.name, "/app");
	assert_int_equal(quota.throttled, 2);
	assert_int_equal(quota.periods, 2);
	assert_int_equal(quota.time, MS(160));
	assert_int_equal(quota.quota, 20000);
	assert_int_equal(steal, MS(40));
	/* A counter that decreases is another group's with the same name: ignored. */
	say(t, "/app", 1200, 1, 10);
	throttle_sum(t, &quota, &steal);
	assert_int_equal(quota.time, MS(160));
	throttle_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_are_told_by_when_it_could_run_again),
		cmocka_unit_test(what_was_before_does_not_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
