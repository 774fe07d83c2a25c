/* SPDX-License-Identifier: Apache-2.0 */
/* test_merge-callsites.c - which addresses are treated as one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>

#include "resolve/symbolize/merge-callsites.h"

static const struct frame serve = {.pc = 0x20,
				   .function = "app::serve",
				   .name = "app::serve",
				   .file = "app.rs",
				   .line = 7,
				   .module = "/app"};

/* Is `other` the same as `one` at another address? */
static void check(size_t count, const struct frame *one, size_t others, const struct frame *other, bool same)
{
	struct callsites *callsites = callsites_new();
	const struct frame *first[2], *second[2];

	for (size_t i = 0; i < count; i++)
		first[i] = &one[i];
	for (size_t i = 0; i < others; i++)
		second[i] = &other[i];
	callsites_unify(callsites, first, count);
	callsites_unify(callsites, second, others);
	for (size_t i = 0; i < count; i++)
		assert_ptr_equal(first[i], &one[i]);
	for (size_t i = 0; i < others; i++)
		assert_ptr_equal(second[i], same ? &one[i] : &other[i]);
	callsites_free(callsites);
}

static void addresses_of_a_line_are_one(void **state)
{
	(void)state;
	char function[] = "app::serve"; /* another copy of the same text */
	struct frame other = serve;

	other.pc = 0x24;
	other.offset = 4;
	other.name = other.function = function;
	check(1, &serve, 1, &other, true);
}

static void lines_are_not(void **state)
{
	(void)state;
	struct frame other = serve;

	other.line = 8;
	check(1, &serve, 1, &other, false);
}

static void generic_arguments_are_not(void **state)
{
	(void)state;
	struct frame other = serve;

	other.generics = "u8";
	check(1, &serve, 1, &other, false);
}

static void other_files_modules_and_origins_are_not(void **state)
{
	(void)state;
	struct frame other = serve;

	other.file = "other.rs";
	check(1, &serve, 1, &other, false);
	other = serve;
	other.module = "/other";
	check(1, &serve, 1, &other, false);
	other = serve;
	other.origin = ORIGIN_DEPENDENCY;
	check(1, &serve, 1, &other, false);
}

static void an_inlined_function_belongs_to_its_caller(void **state)
{
	(void)state;
	struct frame inside[] = {
		{.pc = 0x24,
		 .function = "app::hash",
		 .name = "app::hash",
		 .line = 3,
		 .module = "/app",
		 .inlined = true},
		serve,
	};
	struct frame elsewhere[] = {inside[0], inside[1]};

	check(1, &serve, 2, inside, false);
	elsewhere[0].pc = elsewhere[1].pc = 0x28;
	check(2, inside, 2, elsewhere, true);
	elsewhere[1].line = 8;
	check(2, inside, 2, elsewhere, false);
}

static void without_a_name_the_address_tells(void **state)
{
	(void)state;
	const struct frame one = {.pc = 0x20, .module = "[anon]"}, other = {.pc = 0x24, .module = "[anon]"};

	check(1, &one, 1, &other, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_of_a_line_are_one),
		cmocka_unit_test(lines_are_not),
		cmocka_unit_test(generic_arguments_are_not),
		cmocka_unit_test(other_files_modules_and_origins_are_not),
		cmocka_unit_test(an_inlined_function_belongs_to_its_caller),
		cmocka_unit_test(without_a_name_the_address_tells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
