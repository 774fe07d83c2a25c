/* SPDX-License-Identifier: Apache-2.0 */
/* test_window.c - sums of the latest blocks, as the live view shows them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "live/state/window.h"

#define MS 1000000ull
#define S 1000000000ull

static const struct blocker sleeps = {
	.reason = REASON_SLEEP, .function = "app::nap", .file = "/src/nap.rs", .line = 3, .task = "app::run"};
static const struct blocker computes = {.reason = REASON_COMPUTING,
					.function = "app::hash",
					.file = "/src/hash.rs",
					.line = 7,
					.task = "app::run"};
static const struct blocker computes_elsewhere = {
	.reason = REASON_COMPUTING, .function = "app::hash", .file = "/src/hash.rs", .task = "app::other"};
static const struct blocker waits = {.reason = REASON_RUN_QUEUE, .function = "app::hash"};

static struct recent *blocks; /* that the window reads */
static struct live_run run;

static void add_block(struct live_window *w, const struct block *block, const struct blocker *of)
{
	recent_add(blocks, block, of);
	live_window_take(w, 0, &run);
}

static void add(struct live_window *w, const struct blocker *of, long tid, uint64_t start, uint64_t duration)
{
	add_block(w, &(struct block){.start = start, .duration = duration, .tid = tid, .reason = of->reason},
		  of);
}

static int setup(void **state)
{
	blocks = recent_new(0);
	recent_keep(blocks, LIVE_BLOCKS);
	*state = live_window_new(blocks);
	run = (struct live_run){0};
	return 0;
}

static int teardown(void **state)
{
	live_window_free(*state);
	recent_free(blocks);
	return 0;
}

static struct live_query query(uint64_t now, uint64_t span)
{
	return (struct live_query){.now = now, .span = span, .filter = "", .cells = 6};
}

static void rows_are_ranked_and_sink(void **state)
{
	struct live_window *w = *state;
	struct live_query q = query(103 * S, 10 * S);
	struct live_sum sum;

	add(w, &sleeps, 1, 100 * S, 20 * MS);
	add(w, &sleeps, 2, 101 * S, 30 * MS);
	add(w, &computes, 1, 102 * S, 70 * MS);
	add(w, &waits, 1, 102 * S + 500 * MS, 10 * MS);
	live_window_sum(w, &q, &sum);
	assert_int_equal(sum.rows, 3);
	assert_string_equal(sum.row[0].name, "app::hash");
	assert_int_equal(sum.row[0].total, 70 * MS);
	assert_string_equal(sum.row[1].name, "app::nap");
	assert_int_equal(sum.row[1].count, 2);
	assert_int_equal(sum.row[1].total, 50 * MS);
	assert_int_equal(sum.row[1].max, 30 * MS);
	assert_int_equal(sum.row[2].of->reason, REASON_RUN_QUEUE);
	assert_int_equal(sum.blocked, 120 * MS);
	assert_int_equal(sum.run_queue, 10 * MS);
	assert_int_equal(sum.count, 4);
	assert_int_equal(run.blocks, 4);
	assert_int_equal(run.blocked, 120 * MS);
	assert_int_equal(run.run_queue, 10 * MS);

	q.sort = SORT_COUNT;
	live_window_sum(w, &q, &sum);
	assert_string_equal(sum.row[0].name, "app::nap");

	/* However long and however grouped: a wait for a CPU is below all code, and in no row with it. */
	add(w, &waits, 1, 102 * S + 600 * MS, 300 * MS);
	q.sort = SORT_TOTAL;
	for (q.group = 0; q.group < LIVE_GROUPS; q.group++) {
		live_window_sum(w, &q, &sum);
		assert_int_equal(sum.row[sum.rows - 1].of->reason, REASON_RUN_QUEUE);
		assert_int_equal(sum.row[sum.rows - 1].total, 310 * MS);
	}

	/* Nothing comes any more. */
	q.sort = SORT_TOTAL;
	q.now = 110 * S + 10 * MS; /* the first is half out */
	live_window_sum(w, &q, &sum);
	assert_int_equal(sum.row[1].total, 40 * MS);
	q.now = 112 * S;
	live_window_sum(w, &q, &sum);
	assert_int_equal(sum.rows, 2);
	assert_int_equal(sum.blocked, 70 * MS);
	q.now = 113 * S;
	live_window_sum(w, &q, &sum);
	assert_int_equal(sum.rows, 0);
	assert_int_equal(sum.blocked, 0);
}

static void grouped(void **state)
{
	struct live_window *w = *state;
	struct live_query q = query(101 * S, 10 * S);
	struct live_sum sum;

	add(w, &computes, 1, 100 * S, 20 * MS);
	add(w, &computes_elsewhere, 1, 100 * S + 100 * MS, 50 * MS);
	add(w, &sleeps, 1, 100 * S + 200 * MS, 30 * MS);
	live_window_sum(w, &q, &sum);
	assert_int_equal(sum.rows, 2);
	assert_int_equal(sum.row[0].blockers, 2);
	assert_int_equal(sum.row[0].total, 70 * MS);
	assert_ptr_equal(sum.row[0].of, &computes_elsewhere); /* most time */
	q.group = GROUP_TASK;
	live_window_sum(w, &q, &sum);
	assert_int_equal(sum.rows, 2);
	assert_string_equal(sum.row[0].name, "app::other");
	assert_string_equal(sum.row[1].name, "app::run");
	assert_int_equal(sum.row[1].total, 50 * MS);
	q.group = GROUP_FILE;
	live_window_sum(w, &q, &sum);
	assert_string_equal(sum.row[0].name, "/src/hash.rs");
	q.group = GROUP_REASON;
	live_window_sum(w, &q, &sum);
	assert_string_equal(sum.row[0].name, "computing");
	assert_int_equal(sum.row[0].count, 2);
}

static void asked_for(void **state)
{
	struct live_window *w = *state;
	struct live_query q = query(101 * S, 10 * S);
	struct live_sum sum;

	add(w, &computes, 1, 100 * S, 20 * MS);
	add(w, &sleeps, 1, 100 * S + 200 * MS, 30 * MS);
	q.filter = "NAP";
	live_window_sum(w, &q, &sum);
	assert_int_equal(sum.rows, 1);
	assert_int_equal(sum.blocked, 50 * MS); /* the workers' blocked time does not depend on it */
	assert_ptr_equal(live_window_newest(w, &q, 0)->of, &sleeps);
	assert_null(live_window_newest(w, &q, 1));
	q.filter = "comput"; /* by reason */
	live_window_sum(w, &q, &sum);
	assert_ptr_equal(sum.row[0].of, &computes);
	q.filter = "";
	q.hidden = 1u << REASON_SLEEP;
	live_window_sum(w, &q, &sum);
	assert_int_equal(sum.rows, 1);
	assert_int_equal(sum.blocked, 50 * MS);
	assert_ptr_equal(sum.row[0].of, &computes);
	assert_ptr_equal(live_window_newest(w, &q, 0)->of, &computes);
	assert_null(live_window_newest(w, &q, 1));
	q.hidden = 0;
	q.threshold = 25 * MS;
	live_window_sum(w, &q, &sum);
	assert_int_equal(sum.rows, 1);
	assert_int_equal(sum.blocked, 50 * MS); /* nor on what is too short for a row */
	assert_ptr_equal(sum.row[0].of, &sleeps);
	q.threshold = 0;
	q.since = 100 * S + 100 * MS; /* a reset */
	live_window_sum(w, &q, &sum);
	assert_int_equal(sum.rows, 1);
	q.since = 0;
	q.now = 100 * S + 100 * MS; /* paused: later blocks are not shown */
	live_window_sum(w, &q, &sum);
	assert_int_equal(sum.rows, 1);
	assert_ptr_equal(sum.row[0].of, &computes);
	assert_ptr_equal(live_window_newest(w, &q, 0)->of, &computes);
}

static void trends(void **state)
{
	struct live_window *w = *state;
	struct live_query q = query(130 * S + 500 * MS, 60 * S);
	struct live_sum sum;

	add(w, &computes, 1, 100 * S, 2 * S);		 /* 29 to 31 s before the end of this second */
	add(w, &computes, 1, 125 * S + 500 * MS, 1 * S); /* on both sides of a cell's edge */
	live_window_sum(w, &q, &sum);
	assert_int_equal(sum.row[0].trend[0], 1 * S);
	assert_int_equal(sum.row[0].trend[4], 500 * MS);
	assert_int_equal(sum.row[0].trend[5], 500 * MS);
	assert_int_equal(sum.row[0].trend[1] + sum.row[0].trend[2] + sum.row[0].trend[3], 0);
	/* It reaches back as far if the window does not. */
	q.span = 5 * S;
	live_window_sum(w, &q, &sum);
	assert_int_equal(sum.row[0].count, 1);
	assert_int_equal(sum.row[0].trend[0], 1 * S);
}

static void lanes(void **state)
{
	struct live_window *w = *state;
	struct live_query q = query(110 * S, 10 * S);
	struct live_cell cell[4];

	add(w, &computes, 1, 102 * S, 1 * S);
	add(w, &sleeps, 1, 103 * S, 3 * S);
	add(w, &sleeps, 2, 100 * S, 1 * S);
	add(w, &waits, 1, 108 * S, 1 * S);
	live_window_lane(w, &q, 1, 100 * S, 2500 * MS, cell, 4);
	assert_int_equal(cell[0].reason, REASON_COMPUTING);
	assert_int_equal(cell[0].blocked, 500 * MS);
	assert_int_equal(cell[1].reason, REASON_SLEEP);
	assert_int_equal(cell[1].blocked, 2500 * MS);
	assert_int_equal(cell[2].blocked, 1000 * MS);
	assert_int_equal(cell[3].blocked, 0);
	assert_int_equal(cell[3].run_queue, 1000 * MS);
}

static void detail(void **state)
{
	struct live_window *w = *state;
	struct live_query q = query(110 * S, 10 * S);
	struct live_sum sum;
	struct live_detail *d = malloc(sizeof(*d));

	assert_non_null(d);
	for (unsigned i = 0; i < 5; i++)
		add_block(
			w,
			&(struct block){.start = 101 * S + i * S,
					.duration = (i + 1) * 10 * MS,
					.asleep = 10 * MS,
					.tid = i % 2,
					.reason = REASON_SLEEP,
					.peer = {.comm = i ? "waker" : "a name that is too long", .tid = 5}},
			&sleeps);
	add(w, &computes, 1, 108 * S, 1 * S);
	live_window_sum(w, &q, &sum);
	assert_string_equal(sum.row[1].name, "app::nap");
	assert_true(live_window_detail(w, &q, &sum.row[1], d));
	assert_int_equal(d->sum.b.count, 5);
	assert_int_equal(d->sum.b.total, 150 * MS);
	assert_int_equal(d->sum.b.asleep, 50 * MS);
	assert_int_equal(d->sum.b.max, 50 * MS);
	assert_int_equal(d->sum.b.peers, 1); /* a waker of one in five is not named */
	assert_string_equal(d->sum.b.peer[0].comm, "waker");
	assert_int_equal(d->sum.b.peer[0].count, 4);
	assert_int_equal(d->workers, 2);
	assert_int_equal(d->worker[0].tid, 0);
	assert_int_equal(d->worker[0].count, 3);
	/* 10 ms to 20 ms, 20 ms to 50 ms, 50 ms to 100 ms */
	assert_int_equal(live_stretch(12), 10 * MS);
	assert_int_equal(d->stretch[12], 1);
	assert_int_equal(d->stretch[13], 3);
	assert_int_equal(d->stretch[14], 1);
	struct live_row row = sum.row[1];

	q.now = 200 * S;
	blocker_sum_clear(&d->sum);
	assert_false(live_window_detail(w, &q, &row, d));
	blocker_sum_clear(&d->sum);
	free(d);
}

/* However much comes, the newest blocks are kept, and it is known since when all are. */
static void bounded(void **state)
{
	struct live_window *w = *state;
	struct live_query q = query(0, 600 * S);
	struct live_sum sum;

	for (uint64_t i = 0; i < LIVE_BLOCKS + 1000; i++)
		add(w, &computes, 1, 100 * S + i * MS, MS / 2);
	assert_int_equal(live_window_count(w), LIVE_BLOCKS + 1000);
	q.now = 100 * S + (LIVE_BLOCKS + 1000) * MS;
	live_window_sum(w, &q, &sum);
	assert_int_equal(sum.count, LIVE_BLOCKS);
	assert_int_equal(sum.from, 100 * S + 999 * MS + MS / 2);
}

/* The same if blocks come faster than they are read, and if another reader needs more of them. */
static void bounded_in_a_burst(void **state)
{
	struct live_window *w = *state, *other;
	struct live_query q = query(0, 600 * S);
	struct live_sum sum;
	struct recent *more = recent_new(600 * S);

	recent_keep(more, LIVE_BLOCKS);
	other = live_window_new(more);
	for (uint64_t i = 0; i < LIVE_BLOCKS + 1000; i++) {
		struct block block = {.start = 100 * S + i * MS, .duration = MS / 2, .peer.comm = "c"};

		recent_add(blocks, &block, &computes);
		recent_add(more, &block, &computes);
	}
	assert_int_equal(recent_first(more), 0);
	q.now = 100 * S + (LIVE_BLOCKS + 1000) * MS;
	live_window_take(w, 0, &run);
	live_window_take(other, 0, &run);
	live_window_sum(w, &q, &sum);
	assert_int_equal(sum.count, LIVE_BLOCKS);
	assert_int_equal(sum.from, 100 * S + 999 * MS + MS / 2);
	live_window_sum(other, &q, &sum);
	assert_int_equal(sum.count, LIVE_BLOCKS);
	assert_int_equal(sum.from, 100 * S + 999 * MS + MS / 2);
	live_window_free(other);
	recent_free(more);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(rows_are_ranked_and_sink, setup, teardown),
		cmocka_unit_test_setup_teardown(grouped, setup, teardown),
		cmocka_unit_test_setup_teardown(asked_for, setup, teardown),
		cmocka_unit_test_setup_teardown(trends, setup, teardown),
		cmocka_unit_test_setup_teardown(lanes, setup, teardown),
		cmocka_unit_test_setup_teardown(detail, setup, teardown),
		cmocka_unit_test_setup_teardown(bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(bounded_in_a_burst, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
