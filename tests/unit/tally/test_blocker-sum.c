/* test_blocker-sum.c - who is named as the one that ended the blocks of a blocker, or had the CPU. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tally/blocker-sum.h"

#define MS 1000000ull

/* Of `count` blocks, how many each of these has ended; nobody knows who ended the others. */
static void add(struct blocker_sum *sum, unsigned count, unsigned first, unsigned second)
{
	for (unsigned i = 0; i < count; i++) {
		const char *comm = i < first ? "first" : i < first + second ? "second" : NULL;

		blocker_sum_add(sum, &(struct block){.duration = 10 * MS,
						     .reason = sum->b.reason,
						     .party = {.comm = comm, .tid = 7}});
	}
	blocker_sum_finish(sum);
}

static void few_of_the_waits_name_no_waker(void **state)
{
	struct blocker_sum sum = {.b.reason = REASON_LOCK};

	(void)state;
	add(&sum, 46, 2, 0);
	assert_int_equal(sum.b.parties, 0);
	blocker_sum_clear(&sum);
	add(&sum, 46, 23, 22);
	assert_int_equal(sum.b.parties, 1);
	assert_string_equal(sum.b.party[0].comm, "first");
	assert_int_equal(sum.b.party[0].count, 23);
	blocker_sum_clear(&sum);
}

/* A CPU may have gone to many. */
static void who_had_the_cpu_is_named(void **state)
{
	struct blocker_sum sum = {.b.reason = REASON_RUN_QUEUE};

	(void)state;
	add(&sum, 46, 12, 2);
	assert_int_equal(sum.b.parties, 2);
	assert_string_equal(sum.b.party[1].comm, "second");
	blocker_sum_clear(&sum);
}

/* By name alone: where a thread was when it had the CPU does not part it, nor how many processes are called so. */
static void who_had_the_cpu_is_added_up(void **state)
{
	static const struct verdict here, there;
	static const struct block blocks[] = {
		{.duration = 40 * MS, .party = {.comm = "cc1", .pid = 7, .tid = 7}},
		{.duration = 30 * MS, .party = {.comm = "cc1", .pid = 8, .tid = 8}},
		{.duration = 20 * MS,
		 .party = {.comm = "worker", .pid = 1, .tid = 2, .same_process = true, .stack = &here}},
		{.duration = 20 * MS,
		 .party = {.comm = "worker", .pid = 1, .tid = 3, .same_process = true, .stack = &there}},
		{.duration = 9 * MS, .party = {.comm = "swapper/0"}},
		{.duration = 9 * MS, .party = {.comm = "swapper/1"}},
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
	assert_int_equal(sum.b.parties, 3); /* of five, by where they were */
	blocker_sum_clear(&sum);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_of_the_waits_name_no_waker),
		cmocka_unit_test(who_had_the_cpu_is_named),
		cmocka_unit_test(who_had_the_cpu_is_added_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
