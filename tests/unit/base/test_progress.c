/* SPDX-License-Identifier: Apache-2.0 */
/* test_progress.c - which messages appear, and when, while symbols are read. Here a long step is one that
 * lasts until its message came. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/progress.h"

#define PATIENCE_MS 60000 /* for what takes a second */

/* Does a step with another one inside; `said` gets its message. Returns whether a timer ran meanwhile. */
static bool take(bool is_long, const char *path, char *said, size_t size)
{
	int ends[2], terminal = dup(STDERR_FILENO);
	struct itimerval timer;

	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	progress_begin("reading the debug info of", path);
	progress_begin("reading the symbols of", "/inner");
	progress_end();
	getitimer(ITIMER_REAL, &timer);
	if (is_long)
		while (poll(&(struct pollfd){.fd = ends[0], .events = POLLIN}, 1, PATIENCE_MS) < 0)
			; /* interrupted */
	progress_end();
	dup2(terminal, STDERR_FILENO);
	close(terminal);
	close(ends[1]);
	ssize_t got = read(ends[0], said, size - 1);
	assert_true(got >= 0);
	said[got] = 0;
	close(ends[0]);
	return timerisset(&timer.it_value);
}

static void nothing_is_told_unasked(void **state)
{
	char said[1024];

	(void)state;
	assert_false(take(false, "/proc/self/exe", said, sizeof(said)));
	assert_string_equal(said, "");
}

static void a_long_step_is_told(void **state)
{
	char said[1024];

	(void)state;
	progress_enable();
	int64_t began = clock_ms();
	assert_true(take(true, "/proc/self/exe", said, sizeof(said)));
	assert_true(clock_ms() - began >= 999);
	assert_non_null(strstr(said, "hud-postproc: reading the debug info of /proc/self/exe ("));
	assert_non_null(strstr(said, " MB)...\n"));
	assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1); /* once */
	/* Anybody may choose a file's name. */
	take(true, "/tmp/\033[2Jnothing", said, sizeof(said));
	assert_string_equal(said, "hud-postproc: reading the debug info of /tmp/\\x1b[2Jnothing...\n");
}

static void a_short_step_is_not_told_later_either(void **state)
{
	struct itimerval timer;
	char said[1024];
	int64_t began;

	(void)state;
	progress_enable();
	/* A busy machine may make it a long one. */
	do {
		began = clock_ms();
		assert_true(take(false, "/proc/self/exe", said, sizeof(said)));
	} while (clock_ms() - began >= 900);
	assert_string_equal(said, "");
	getitimer(ITIMER_REAL, &timer);
	assert_false(timerisset(&timer.it_value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_told_unasked),
		cmocka_unit_test(a_long_step_is_told),
		cmocka_unit_test(a_short_step_is_not_told_later_either),
	};

	return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
