/* SPDX-License-Identifier: Apache-2.0 */
/* test_complain.c - messages on standard error: what names in them may do, and which formats work. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/complain.h"

static int ends[2], standard_error;

static void begin(void)
{
	assert_int_equal(pipe(ends), 0);
	standard_error = dup(STDERR_FILENO);
	dup2(ends[1], STDERR_FILENO);
}

/* Ends what begin() began; `said` is what was written to standard error meanwhile. */
static void end(char *said, size_t size)
{
	dup2(standard_error, STDERR_FILENO);
	close(standard_error);
	close(ends[1]);
	ssize_t got = read(ends[0], said, size - 1);

	assert_true(got >= 0);
	said[got] = 0;
	close(ends[0]);
}

static void numbers_of_any_width(void **state)
{
	char said[1024];

	(void)state;
	begin();
	complain("%zu of %s, %ju, %5.1f%%, %.*s\n", (size_t)12, "name", (uintmax_t)UINT64_MAX, 99.5, 3,
		 "abcdef");
	end(said, sizeof(said));
	assert_string_equal(said, "12 of name, 18446744073709551615,  99.5%, abc\n");
}

static void a_terminal_obeys_no_name(void **state)
{
	char said[1024];

	(void)state;
	begin();
	complain("one %s\ntwo %s\n", "\033[2J", "\xc3\xa9");
	end(said, sizeof(said));
	assert_string_equal(said, "one \\x1b[2J\ntwo \\xc3\\xa9\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_of_any_width),
		cmocka_unit_test(a_terminal_obeys_no_name),
	};

	return cmocka_run_group_tests_name("complain", tests, NULL, NULL);
}
