/* SPDX-License-Identifier: Apache-2.0 */
/* test_fail-on.c - --fail-on: which expressions are valid, and what exceeds them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "diff/fail-on.h"

#define MS UINT64_C(1000000)
#define S UINT64_C(1000000000)

static void expressions(void **state)
{
	static const struct {
		const char *text;
		enum gate_what what;
		double limit;
		bool or_equal, diff;
	} right[] = {
		{"total>2s", GATE_TOTAL, 2e9, false, false},
		{"total>2s", GATE_TOTAL, 2e9, false, true},
		{"total>10%", GATE_GROWTH, 10, false, true},
		{"max>50ms", GATE_MAX, 50e6, false, false},
		{" max >= 1.5 us ", GATE_MAX, 1500, true, false},
		{"max>7ns", GATE_MAX, 7, false, true},
		{"longest>7us", GATE_MAX, 7e3, false, false},
		{"max>1m", GATE_MAX, 60e9, false, false},
		{"max>0.5h", GATE_MAX, 1800e9, false, false},
		/* A time without a unit is in ms. */
		{"max>5", GATE_MAX, 5e6, false, false},
		{"total >= 5", GATE_TOTAL, 5e6, true, false},
		{"p99>3", GATE_FIGURE, 3e6, false, false},
		{"stalled>1s", GATE_FIGURE, 1e9, false, false},
		{"stalled>1%", GATE_FIGURE, 1, false, true},
		{"run-queue>=2.5%", GATE_FIGURE, 2.5, true, false},
		{"events>1000", GATE_FIGURE, 1000, false, false},
		{"blocked>5%", GATE_BLOCKED, 5, false, false},
		{"blocked>=.5%", GATE_BLOCKED, 0.5, true, true},
		{"count>100", GATE_COUNT, 100, false, false},
		{"rate>2/s", GATE_RATE, 2, false, false},
		{"rate > 0.5 /s", GATE_RATE, 0.5, false, true},
		{"lost>0", GATE_LOST, 0, false, false},
		{"new", GATE_NEW, 0, false, true},
		{" worse ", GATE_WORSE, 0, false, true},
	};
	(void)state;

	for (size_t i = 0; i < sizeof(right) / sizeof(*right); i++) {
		struct gate gate;
		const char *wrong = gate_parse(&gate, right[i].text, right[i].diff);

		if (wrong)
			fail_msg("%s: %s", right[i].text, wrong);
		assert_int_equal(gate.what, right[i].what);
		assert_int_equal(gate.or_equal, right[i].or_equal);
		assert_true(gate.limit > right[i].limit * 0.999999 - 1e-9 &&
			    gate.limit < right[i].limit * 1.000001 + 1e-9);
	}
}

static void mistakes(void **state)
{
	static const char *const wrong[] = {
		"",
		" ",
		">",
		">5s",
		"max",
		"max>",
		"max>s",
		"max 5ms",
		"max=5ms",
		"max<5ms",
		"max>5%",
		"max>5d",
		"max>-5ms",
		"max>+5ms",
		"max>1e3s",
		"max>0x5ms",
		"max>infs",
		"max>nans",
		"max>1.2.3s",
		"max>.s",
		"max>5ms,",
		"max>>5ms",
		"max>5ms max>6ms",
		"Max>5ms",
		"maxx>5ms",
		"ma>5ms",
		"blocked>5",
		"blocked>5s",
		"count>5%",
		"count>5/s",
		"rate>5",
		"rate>5/m",
		"lost>1s",
		"stalled>1/s",
		"stalled",
		"p99>5%",
		"events>1s",
		"events>1%",
		"run>1s",
		"run queue>1s",
		"new>3",
		"new worse",
		"worse>1%",
		"total",
		"total>5/s",
		"max>5ms\n",
		"max>5\xff",
		"max>99999999999999999999999999999999999999999999s",
	};
	struct gate gate;
	(void)state;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		if (!gate_parse(&gate, wrong[i], false))
			fail_msg("a report takes '%s'", wrong[i]);
		if (!gate_parse(&gate, wrong[i], true))
			fail_msg("a comparison takes '%s'", wrong[i]);
	}
	/* A single trace cannot answer these. */
	assert_non_null(gate_parse(&gate, "new", false));
	assert_non_null(gate_parse(&gate, "worse", false));
	assert_non_null(gate_parse(&gate, "total>10%", false));
	/* A time or a growth? */
	assert_non_null(gate_parse(&gate, "total>5", true));
}

/* What is printed about the model; "" if it passes. */
static const char *said(const char *text, const struct model *model, const struct diff *diff)
{
	static char last[500];
	struct gate gate;

	assert_null(gate_parse(&gate, text, diff != NULL));
	char *why = gate_broken(&gate, model, diff);

	strncpy(last, why ? why : "", sizeof(last) - 1);
	free(why);
	return last;
}

/* 10 s of two workers: f computed for 1 s in 40 blocks, the longest 61 ms; a wait for a CPU of 5 s is not blocking. */
static struct blocker blockers[] = {
	{.reason = REASON_RUN_QUEUE, .function = "app::g", .count = 10, .total = 5 * S, .max = 2 * S},
	{.reason = REASON_FILE, .function = "app::f", .count = 40, .total = 1 * S, .max = 61 * MS},
	{.reason = REASON_LOCK, .function = "app::h", .count = 10, .total = S / 5, .max = 30 * MS},
};
static const struct model trace = {.start = 5 * S,
				   .end = 15 * S,
				   .worker_time = 20 * S,
				   .blocked = 1200 * MS,
				   .run_queue = 5 * S,
				   .blocks = {.count = 50},
				   .lost = 3,
				   .blocker = blockers,
				   .blockers = 3};

static void of_a_trace(void **state)
{
	(void)state;
	assert_string_equal(said("max>60ms", &trace, NULL), "app::f took 61.0 ms (file I/O)");
	assert_string_equal(said("max>61ms", &trace, NULL), "");
	assert_string_equal(said("max>=61ms", &trace, NULL), "app::f took 61.0 ms (file I/O)");
	assert_string_equal(said("total>1.2s", &trace, NULL), "");
	assert_string_equal(
		said("total>1s", &trace, NULL),
		"workers were blocked for 1.20 s; 83.3% of the blocked time was in app::f (file I/O)");
	assert_string_equal(said("blocked>6%", &trace, NULL), "");
	assert_string_equal(said("blocked>5.9%", &trace, NULL),
			    "workers were blocked 6.0% of their time; 83.3% of the blocked time was in "
			    "app::f (file I/O)");
	assert_string_equal(said("count>50", &trace, NULL), "");
	assert_string_equal(said("count>49", &trace, NULL),
			    "50 blocks; 83.3% of the blocked time was in app::f (file I/O)");
	assert_string_equal(said("rate>5/s", &trace, NULL), "");
	assert_string_equal(said("rate>4.9/s", &trace, NULL),
			    "5.00 blocks per second; 83.3% of the blocked time was in app::f (file I/O)");
	assert_string_equal(said("lost>3", &trace, NULL), "");
	assert_string_equal(said("lost>2", &trace, NULL), "3 events were lost");
}

static void of_long_polls(void **state)
{
	struct model m = trace;
	(void)state;

	m.polls = 45;
	m.longest_poll = 90 * MS;
	assert_string_equal(said("max>70ms", &m, NULL), "a poll took 90.0 ms");
	assert_string_equal(said("max>60ms", &m, NULL), "app::f took 61.0 ms (file I/O)");
	assert_string_equal(said("count>44", &m, NULL),
			    "45 long polls; 83.3% of the blocked time was in app::f (file I/O)");
}

/* The numbers in the head of the report. */
static void of_figures(void **state)
{
	struct model m = trace;
	(void)state;

	m.polls = 45;
	m.stalled = (struct stalled){.workers = 2, .total = 1500 * MS, .count = 3, .longest = S};
	m.steal = 2 * S;
	m.events = 1234;
	assert_string_equal(said("stalled>1.5s", &m, NULL), "");
	assert_string_equal(said("stalled>1s", &m, NULL),
			    "all workers were blocked at once for 1.50 s (15.0%)");
	assert_string_equal(said("stalled>15%", &m, NULL), "");
	assert_string_equal(said("stalled>14%", &m, NULL),
			    "all workers were blocked at once for 1.50 s (15.0%)");
	assert_string_equal(said("run-queue>26%", &m, NULL), "");
	assert_string_equal(said("run-queue>20%", &m, NULL), "workers waited for a CPU for 5.00 s (25.0%)");
	assert_string_equal(said("steal>1s", &m, NULL), "the machine's host took the CPUs for 2.00 s");
	assert_string_equal(said("driver>0", &m, NULL), "");
	assert_string_equal(said("events>1233", &m, NULL), "events: 1,234");
	assert_string_equal(said("events>1234", &m, NULL), "");
	/* Polls were not told apart: an unknown number does not pass. */
	m.polls = 0;
	assert_string_equal(said("stalled>1h", &m, NULL),
			    "stalled is not known: polls were not told apart, or workers came and went");
}

static void of_nothing(void **state)
{
	static const char *const all[] = {"total>0s", "blocked>0%", "max>0ms",
					  "count>0",  "rate>0/s",   "lost>0"};
	struct model empty = {0};
	(void)state;

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		assert_string_equal(said(all[i], &empty, NULL), "");
}

static void of_a_comparison(void **state)
{
	struct model before = trace;
	struct change changes[] = {
		{.after = &blockers[0], .kind = CHANGE_NEW, .is = {10, 5e8, 1}},
		{.after = &blockers[1], .kind = CHANGE_NEW, .is = {40, 5e7, 4}},
		{.before = &blockers[2],
		 .after = &blockers[2],
		 .kind = CHANGE_WORSE,
		 .was = {5, 5e6, .5},
		 .is = {10, 1e7, 1}},
		{.after = &blockers[2], .kind = CHANGE_MAYBE_NEW, .is = {1, 1e6, .1}},
	};
	struct diff d = {.before = &before, .after = &trace, .change = changes, .changes = 4};
	(void)state;

	before.blocked = 1000 * MS;
	d.blocked = (struct change){.kind = CHANGE_WORSE, .was = {40, 5e7, 4}, .is = {50, 6e7, 5}};
	assert_string_equal(said("total>20.1%", &trace, &d), "");
	assert_string_equal(
		said("total>19%", &trace, &d),
		"workers were blocked 6.0% of their time, before 5.0%, which is 20% more; 83.3% of the "
		"blocked time was in app::f (file I/O)");
	d.blocked.kind = CHANGE_NONE;
	assert_string_equal(said("total>19%", &trace, &d), "");
	/* Starting from nothing, any growth is too large. */
	d.blocked = (struct change){.kind = CHANGE_NEW, .is = {50, 6e7, 5}};
	assert_string_equal(said("total>1000%", &trace, &d),
			    "workers were blocked 6.0% of their time, before not at all; 83.3% of the "
			    "blocked time was in app::f "
			    "(file I/O)");
	/* Waits for a CPU are not the code's fault. */
	assert_string_equal(said("new", &trace, &d),
			    "app::f is new: blocks 50.0 ms per second and worker (file I/O)");
	assert_string_equal(said("worse", &trace, &d),
			    "app::h blocks 10.0 ms per second and worker, before 5.00 ms (lock)");
	changes[1].kind = changes[2].kind = CHANGE_NONE;
	assert_string_equal(said("new", &trace, &d), "");
	assert_string_equal(said("worse", &trace, &d), "");
	changes[1].kind = changes[3].kind = CHANGE_NEW;
	assert_string_equal(said("new", &trace, &d),
			    "app::f is new: blocks 50.0 ms per second and worker (file I/O), and 1 more");
	/* The other expressions are about the later trace. */
	assert_string_equal(said("max>60ms", &trace, &d), "app::f took 61.0 ms (file I/O)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expressions),	   cmocka_unit_test(mistakes),	 cmocka_unit_test(of_a_trace),
		cmocka_unit_test(of_long_polls),   cmocka_unit_test(of_figures), cmocka_unit_test(of_nothing),
		cmocka_unit_test(of_a_comparison),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
