/* test_callsites.c - which addresses are told as one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "callsites.h"

static const struct frame serve = {.pc = 0x20,
				   .function = "app::serve",
				   .name = "app::serve",
				   .file = "app.rs",
				   .line = 7,
				   .module = "/app"};

static struct frames *frames_of(size_t count, const struct frame *frame)
{
	struct frames *frames = malloc(sizeof(*frames) + count * sizeof(*frame));

	assert_non_null(frames);
	frames->count = count;
	for (size_t i = 0; i < count; i++)
		frames->frame[i] = frame[i];
	return frames;
}

/* `other` is what `one` is at another address, or not. */
static void check(size_t count, const struct frame *one, size_t others, const struct frame *other, bool same)
{
	struct callsites *callsites = callsites_new();
	struct frames *first = frames_of(count, one), *second = frames_of(others, other);

	assert_ptr_equal(callsites_first(callsites, first), first);
	assert_ptr_equal(callsites_first(callsites, second), same ? first : second);
	assert_ptr_equal(callsites_first(callsites, second), same ? first : second);
	assert_ptr_equal(callsites_first(callsites, first), first);
	callsites_free(callsites);
	free(first);
	free(second);
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
