/* SPDX-License-Identifier: Apache-2.0 */
/* test_view.c - what the live view requests while a stream comes, without a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "live/keys.h"
#include "live/view.h"

#define MS 1000000ull

static void feed(struct replay *replay, const char *text)
{
	assert_int_equal(replay_feed(replay, text, strlen(text)), 0);
}

static void threshold_is_the_traces_until_it_is_changed(void **state)
{
	struct replay *replay = replay_new(&(struct replay_options){0});
	struct live_view view = {0};
	struct model model;

	(void)state;
	replay_begin(replay, &model);
	view.query.filter = view.filter;
	live_view_attach(&view, replay, &model);
	/* The view exists before the head of the stream. */
	live_view_tick(&view);
	feed(replay,
	     "hud-trace 1\nmeta target app\nmeta pid 100\nmeta threshold-us 2000\nbegin 1000000000\n");
	live_view_tick(&view);
	assert_int_equal(view.query.threshold, 2 * MS);
	live_key(&view, ']');
	live_view_tick(&view);
	assert_int_equal(view.query.threshold, 4 * MS);
	live_key(&view, '[');
	live_key(&view, '['); /* there is nothing below */
	live_view_tick(&view);
	assert_int_equal(view.query.threshold, 2 * MS);
	live_view_detach(&view);
	live_view_end(&view);
	replay_free(replay);
}

/* As in the report, whatever was shown when a block came. */
static void sums_do_not_depend_on_what_is_shown(void **state)
{
	struct replay *replay = replay_new(&(struct replay_options){0});
	struct live_view view = {0};
	struct model model;

	(void)state;
	replay_begin(replay, &model);
	view.query.filter = strcpy(view.filter, "nothing is called so");
	live_view_attach(&view, replay, &model);
	feed(replay, "hud-trace 1\nmeta target app\nmeta pid 100\nmeta threshold-us 2000\n"
		     "thread 101 worker 1 w\nbegin 1000000000\n");
	live_view_tick(&view);
	live_key(&view, ']');
	live_key(&view, ']');
	live_view_tick(&view);
	feed(replay, "runq 2000000000 101 0 3000000 P 0 7 7 0 cc1\n"
		     "runq 3000000000 101 0 30000000 P 0 7 7 0 cc1\nend 5000000000 exit\n");
	live_view_tick(&view);
	assert_int_equal(view.query.threshold, 8 * MS);
	replay_advance(replay, UINT64_MAX);
	live_view_tick(&view);
	assert_int_equal(view.run.blocks, 2);
	assert_int_equal(replay_end(replay), 0);
	assert_int_equal(view.run.run_queue, model.run_queue);
	live_view_detach(&view);
	live_view_end(&view);
	replay_free(replay);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threshold_is_the_traces_until_it_is_changed),
		cmocka_unit_test(sums_do_not_depend_on_what_is_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
