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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_of_the_waits_name_no_waker),
		cmocka_unit_test(who_had_the_cpu_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
