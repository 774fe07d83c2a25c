/* What is said, and when, while symbols are read. It is measured on a clock, as it happens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "progress.h"

/* A step that takes so long, with another one in its midst; what was said of it is left in `said`. */
static void take(long milliseconds, const char *path, char *said, size_t size)
{
	struct timespec left = {milliseconds / 2000, milliseconds / 2 % 1000 * 1000000}, half = left;
	int ends[2], terminal = dup(STDERR_FILENO);

	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	progress_begin("reading the debug info of", path);
	while (nanosleep(&left, &left))
		;
	progress_begin("reading the symbols of", "/inner");
	progress_end();
	while (nanosleep(&half, &half))
		;
	progress_end();
	dup2(terminal, STDERR_FILENO);
	close(terminal);
	close(ends[1]);
	ssize_t got = read(ends[0], said, size - 1);
	assert_true(got >= 0);
	said[got] = 0;
	close(ends[0]);
}

static void only_a_long_step_is_told_and_only_on_request(void **state)
{
	char said[1024];
	(void)state;

	take(1300, "/proc/self/exe", said, sizeof(said));
	assert_string_equal(said, "");
	progress_enable();
	take(300, "/proc/self/exe", said, sizeof(said));
	assert_string_equal(said, "");
	take(1300, "/proc/self/exe", said, sizeof(said));
	assert_non_null(strstr(said, "hud-postproc: reading the debug info of /proc/self/exe ("));
	assert_non_null(strstr(said, " MB)...\n"));
	assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1); /* once */
	/* A file is named by whoever likes to. */
	take(1300, "/tmp/\033[2Jnothing", said, sizeof(said));
	assert_string_equal(said, "hud-postproc: reading the debug info of /tmp/\\x1b[2Jnothing...\n");
	/* Nothing is left over. */
	take(10, "/proc/self/exe", said, sizeof(said));
	assert_string_equal(said, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_a_long_step_is_told_and_only_on_request),
	};

	return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
