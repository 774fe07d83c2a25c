/* SPDX-License-Identifier: Apache-2.0 */
/* test_reorder.c - events come out in order of time, and only a limited number is held back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stream/reorder.h"

static void add(struct reorder *r, uint64_t ns, const char *comm)
{
	reorder_add(r, &(struct event){.kind = EVENT_SLEEP, .ns = ns, .other.comm = comm});
}

static void in_order_of_time(void **state)
{
	struct reorder *r = reorder_new();
	const struct event *e;
	char comm[] = "first";
	(void)state;

	/* The powers of 11 modulo the prime 1009 are all numbers up to 1008, shuffled. */
	for (uint64_t i = 1, ns = 1; i < 1009; i++, ns = ns * 11 % 1009)
		add(r, ns, ns == 1 ? comm : NULL);
	comm[0] = 'w';
	e = reorder_next(r, 1);
	assert_non_null(e);
	assert_string_equal(e->other.comm, "first");
	assert_null(reorder_next(r, 1));
	for (uint64_t ns = 2; ns < 500; ns++) {
		e = reorder_next(r, 499);
		assert_non_null(e);
		assert_int_equal(e->ns, ns);
		assert_null(e->other.comm);
	}
	assert_null(reorder_next(r, 499));
	add(r, 3, NULL);
	assert_int_equal(reorder_next(r, UINT64_MAX)->ns, 3);
	assert_int_equal(reorder_next(r, UINT64_MAX)->ns, 500);
	reorder_free(r);
}

static void only_so_many_are_held(void **state)
{
	struct reorder *r = reorder_new();
	(void)state;

	for (size_t i = 0; i < REORDER_MOST; i++)
		add(r, 1000 + i, NULL);
	assert_null(reorder_next(r, 0));
	add(r, 2, NULL);
	assert_int_equal(reorder_next(r, 0)->ns, 2);
	assert_null(reorder_next(r, 0));
	reorder_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order_of_time),
		cmocka_unit_test(only_so_many_are_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
