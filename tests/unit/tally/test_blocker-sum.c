/* SPDX-License-Identifier: Apache-2.0 */
/* test_blocker-sum.c - who is named for ending a blocker's blocks, or for having the CPU. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tally/blocker-sum.h"

#define MS 1000000ull

/* Of `count` blocks, how many each of these ended; the rest is not known. */
static void add(struct blocker_sum *sum, unsigned count, unsigned first, unsigned second)
{
	for (unsigned i = 0; i < count; i++) {
		const char *comm = i < first ? "first" : i < first + second ? "second" : NULL;

		blocker_sum_add(sum, &(struct block){.duration = 10 * MS,
						     .reason = sum->b.reason,
						     .peer = {.comm = comm, .tid = 7}});
	}
	blocker_sum_finish(sum);
}

static void few_of_the_waits_name_no_waker(void **state)
{
	struct blocker_sum sum = {.b.reason = REASON_LOCK};

	(void)state;
	add(&sum, 46, 2, 0);
	assert_int_equal(sum.b.peers, 0);
	blocker_sum_clear(&sum);
	add(&sum, 46, 23, 22);
	assert_int_equal(sum.b.peers, 1);
	assert_string_equal(sum.b.peer[0].comm, "first");
	assert_int_equal(sum.b.peer[0].count, 23);
	blocker_sum_clear(&sum);
}

/* The other waits were for the lock of standard output. */
static void a_reader_is_named_however_few_waits_it_ended(void **state)
{
	struct blocker_sum sum = {.b.reason = REASON_STDOUT};

	(void)state;
	add(&sum, 46, 2, 0);
	assert_int_equal(sum.b.peers, 1);
	blocker_sum_clear(&sum);
}

/* Many threads may have had the CPU. */
static void who_had_the_cpu_is_named(void **state)
{
	struct blocker_sum sum = {.b.reason = REASON_RUN_QUEUE};

	(void)state;
	add(&sum, 46, 12, 2);
	assert_int_equal(sum.b.peers, 2);
	assert_string_equal(sum.b.peer[1].comm, "second");
	blocker_sum_clear(&sum);
}

/* By name alone: where a thread was when it had the CPU does not part it, nor how many processes are called so. */
static void who_had_the_cpu_is_added_up(void **state)
{
	static const struct verdict here, there;
	static const struct block blocks[] = {
		{.duration = 40 * MS, .peer = {.comm = "cc1", .pid = 7, .tid = 7}},
		{.duration = 30 * MS, .peer = {.comm = "cc1", .pid = 8, .tid = 8}},
		{.duration = 20 * MS,
		 .peer = {.comm = "worker", .pid = 1, .tid = 2, .same_process = true, .stack = &here}},
		{.duration = 20 * MS,
		 .peer = {.comm = "worker", .pid = 1, .tid = 3, .same_process = true, .stack = &there}},
		{.duration = 9 * MS, .peer = {.comm = "swapper/0"}},
		{.duration = 9 * MS, .peer = {.comm = "swapper/1"}},
	};
	struct blocker_sum sum = {.b.reason = REASON_RUN_QUEUE};

	(void)state;
	for (size_t i = 0; i < sizeof(blocks) / sizeof(*blocks); i++) {
		struct block block = blocks[i];

		block.reason = REASON_RUN_QUEUE;
		blocker_sum_add(&sum, &block);
	}
	blocker_sum_finish(&sum);
	assert_int_equal(sum.b.culprits, 3);
	assert_string_equal(sum.b.culprit[0].comm, "cc1");
	assert_true(sum.b.culprit[0].processes);
	assert_int_equal(sum.b.culprit[0].total, 70 * MS);
	assert_string_equal(sum.b.culprit[1].comm, "worker");
	assert_false(sum.b.culprit[1].processes);
	assert_int_equal(sum.b.culprit[1].total, 40 * MS);
	assert_null(sum.b.culprit[1].stack);
	assert_int_equal(sum.b.culprit[2].tid, 0);
	assert_int_equal(sum.b.culprit[2].count, 2);
	assert_int_equal(sum.b.peers, 3); /* of five, by where they were */
	blocker_sum_clear(&sum);
}

#define FRAME(n, o)                                                                                          \
	&(const struct frame)                                                                                \
	{                                                                                                    \
		.function = n, .name = n, .module = "app", .origin = o                                       \
	}

/* Where the blocked function was called from differs; the poll of the runtime and what is above it are nobody's. */
static void the_outermost_own_function_is_the_one_with_most_time(void **state)
{
	const struct frame *const one[] = {FRAME("app::read", ORIGIN_USER), FRAME("app::get", ORIGIN_USER),
					   FRAME("hyper::poll", ORIGIN_DEPENDENCY),
					   FRAME("tokio::poll", ORIGIN_RUNTIME),
					   FRAME("app::main", ORIGIN_USER)};
	const struct frame *const two[] = {FRAME("app::read", ORIGIN_USER), FRAME("app::put", ORIGIN_USER),
					   FRAME("tokio::poll", ORIGIN_RUNTIME)};
	const struct frame *const three[] = {FRAME("read", ORIGIN_SYSTEM), FRAME("app::read", ORIGIN_USER),
					     FRAME("app::put", ORIGIN_USER),
					     FRAME("tokio::poll", ORIGIN_RUNTIME)};
	const struct verdict stacks[] = {
		{.in_poll = true, .poll = 3, .count = 5, .frame = one},
		{.in_poll = true, .poll = 2, .count = 3, .frame = two},
		{.in_poll = true, .blame = 1, .poll = 3, .count = 4, .frame = three}};
	static const uint64_t took[] = {30 * MS, 20 * MS, 20 * MS};
	struct blocker_sum sum = {.b = {.reason = REASON_FILE, .function = "app::read"}};

	(void)state;
	for (size_t i = 0; i < 3; i++)
		blocker_sum_add(
			&sum,
			&(struct block){.duration = took[i], .reason = REASON_FILE, .stack = &stacks[i]});
	blocker_sum_finish(&sum);
	assert_string_equal(sum.b.within->function, "app::put");
	assert_int_equal(sum.b.within_total, 40 * MS);
	assert_ptr_equal(sum.b.stack, &stacks[0]);
	blocker_sum_clear(&sum);
}

/* Each of them ended less than half. Where in the function they were, and from where it was called, does not part them. */
static void threads_that_release_in_one_function_are_added_up(void **state)
{
	const struct frame *const unlock[] = {FRAME("app::add", ORIGIN_USER)}, *const other[] = {
										       FRAME("app::take",
											     ORIGIN_USER)};
	const struct verdict stacks[] = {{.count = 1, .poll = 1, .frame = unlock},
					 {.count = 1, .poll = 1, .frame = unlock},
					 {.count = 1, .poll = 1, .frame = other}};
	static const char *const names[] = {"worker-1", "worker-2", "worker-3"};
	struct blocker_sum sum = {.b.reason = REASON_LOCK};

	(void)state;
	for (unsigned i = 0; i < 9; i++) {
		struct block block = {.duration = 10 * MS, .reason = REASON_LOCK};

		block.peer.comm = names[i % 3];
		block.peer.pid = 1;
		block.peer.tid = 2 + i % 3;
		block.peer.same_process = true;
		block.peer.stack = &stacks[i % 3];
		blocker_sum_add(&sum, &block);
	}
	blocker_sum_finish(&sum);
	assert_int_equal(sum.b.peers, 1);
	assert_int_equal(sum.b.peer[0].count, 6);
	assert_int_equal(sum.b.peer[0].total, 60 * MS);
	assert_true(sum.b.peer[0].threads && sum.b.peer[0].names);
	assert_string_equal(sum.b.peer[0].comm, "worker-2");
	assert_int_equal(sum.b.peer[0].tid, 3);
	blocker_sum_clear(&sum);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_of_the_waits_name_no_waker),
		cmocka_unit_test(a_reader_is_named_however_few_waits_it_ended),
		cmocka_unit_test(who_had_the_cpu_is_named),
		cmocka_unit_test(who_had_the_cpu_is_added_up),
		cmocka_unit_test(threads_that_release_in_one_function_are_added_up),
		cmocka_unit_test(the_outermost_own_function_is_the_one_with_most_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
