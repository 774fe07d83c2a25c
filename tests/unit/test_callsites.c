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

static int set_up(void **state)
{
	*state = callsites_new();
	return 0;
}

static int tear_down(void **state)
{
	callsites_free(*state);
	return 0;
}

/* `other` is what `one` is at another address, or not. */
static void check(struct callsites *callsites, size_t count, const struct frame *one, size_t others,
		  const struct frame *other, bool same)
{
	struct frames *first = frames_of(count, one), *second = frames_of(others, other);

	assert_ptr_equal(callsites_first(callsites, first), first);
	assert_ptr_equal(callsites_first(callsites, second), same ? first : second);
	assert_ptr_equal(callsites_first(callsites, second), same ? first : second);
	assert_ptr_equal(callsites_first(callsites, first), first);
	free(first);
	free(second);
}

static void addresses_of_a_line_are_one(void **state)
{
	char function[] = "app::serve"; /* another copy of the same text */
	struct frame other = serve;

	other.pc = 0x24;
	other.offset = 4;
	other.name = other.function = function;
	check(*state, 1, &serve, 1, &other, true);
}

static void lines_are_not(void **state)
{
	struct frame other = serve;

	other.line = 8;
	check(*state, 1, &serve, 1, &other, false);
}

static void generic_arguments_are_not(void **state)
{
	struct frame other = serve;

	other.generics = "u8";
	check(*state, 1, &serve, 1, &other, false);
}

static void an_inlined_function_belongs_to_its_caller(void **state)
{
	const struct frame inside[] = {
		{.pc = 0x24,
		 .function = "app::hash",
		 .name = "app::hash",
		 .line = 3,
		 .module = "/app",
		 .inlined = true},
		serve,
	};

	check(*state, 1, &serve, 2, inside, false);
}

static void without_a_name_the_address_tells(void **state)
{
	const struct frame one = {.pc = 0x20, .module = "[anon]"}, other = {.pc = 0x24, .module = "[anon]"};

	check(*state, 1, &one, 1, &other, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(addresses_of_a_line_are_one, set_up, tear_down),
		cmocka_unit_test_setup_teardown(lines_are_not, set_up, tear_down),
		cmocka_unit_test_setup_teardown(generic_arguments_are_not, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_inlined_function_belongs_to_its_caller, set_up, tear_down),
		cmocka_unit_test_setup_teardown(without_a_name_the_address_tells, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
