/* SPDX-License-Identifier: Apache-2.0 */
/* test_player.c - the speed at which a recording is played. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "live/player.h"

static struct live_player *player(const char *text, FILE **in)
{
	*in = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	assert_non_null(*in);
	return live_player_new(*in);
}

static void comes_in_time(void **state)
{
	(void)state;
	FILE *in;
	struct live_player *p =
		player("hud-trace 1\nmeta pid 7\nbegin 1000\nsleep 1500 7\nstack ff 1\nrunq 2000 7\n"
		       "sample 1900 7\nend 3000 exit\n",
		       &in);
	char text[256] = "";
	bool end;

	/* Lines without a time come at once, up to the first with one. */
	ssize_t got = live_player_take(p, text, sizeof(text) - 1, 0, &end);

	assert_int_equal(got, strlen("hud-trace 1\nmeta pid 7\n"));
	assert_int_equal(live_player_next(p), 1000);
	assert_int_equal(live_player_take(p, text, sizeof(text) - 1, 999, &end), 0);
	assert_false(end);
	got = live_player_take(p, text, sizeof(text) - 1, 1500, &end);
	text[got] = '\0';
	assert_string_equal(text, "begin 1000\nsleep 1500 7\nstack ff 1\n");
	/* A line that is earlier than the previous one waits for that. */
	assert_int_equal(live_player_take(p, text, sizeof(text) - 1, 1950, &end), 0);
	got = live_player_take(p, text, 5, UINT64_MAX, &end);
	assert_int_equal(got, 5);
	got = live_player_take(p, text, sizeof(text) - 1, 0, &end); /* the rest of what has begun */
	text[got] = '\0';
	assert_string_equal(text, "2000 7\n");
	got = live_player_take(p, text, sizeof(text) - 1, UINT64_MAX, &end);
	text[got] = '\0';
	assert_string_equal(text, "sample 1900 7\nend 3000 exit\n");
	assert_int_equal(live_player_take(p, text, sizeof(text) - 1, UINT64_MAX, &end), 0);
	assert_true(end);
	live_player_free(p);
}

/* A line that is longer than the player's memory, and one that is cut off. */
static void any_lines(void **state)
{
	(void)state;
	size_t size = 300000, all = 0;
	char *text = malloc(size + 1), part[1000];
	bool end = false;
	FILE *in;

	assert_non_null(text);
	memset(text, 'x', size);
	memcpy(text, "sleep 100 ", 10);
	memcpy(text + 250000, "\nsleep 200\nsleep 3", 18);
	memset(text + 250018, '0', size - 250018);
	text[size] = '\0';
	struct live_player *p = player(text, &in);
	ssize_t got;

	while ((got = live_player_take(p, part, sizeof(part), 150, &end)) > 0)
		all += (size_t)got;
	assert_false(end);
	assert_int_equal(all, 250001);
	while ((got = live_player_take(p, part, sizeof(part), UINT64_MAX, &end)) > 0)
		all += (size_t)got;
	assert_true(end);
	assert_int_equal(all, size);
	live_player_free(p);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_in_time),
		cmocka_unit_test(any_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
