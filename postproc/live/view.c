/* SPDX-License-Identifier: Apache-2.0 */
/* view.c - see view.h. */
#include "live/view.h"

#include <curses.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "live/keys.h"
#include "live/panes/draw.h"
#include "live/panes/panes.h"
#include "live/terminal.h"

#define REDRAW 250000000u /* ns between two redraws, at least */
#define QUIET 1000000000u /* ns without a line, after which nothing earlier can still come */
#define SECOND 1000000000u

void live_view_start(struct live_view *v, bool colour, bool utf8, uint64_t span)
{
	pen_start(colour, utf8);
	v->utf8 = utf8;
	v->query.span = span;
	v->query.filter = v->filter;
	v->wall = clock_ns();
	v->changed = true;
}

void live_view_end(struct live_view *v)
{
	live_unselect(v);
	free(v->message);
	v->message = NULL;
}

void live_view_attach(struct live_view *v, struct replay *replay, const struct model *model)
{
	v->replay = replay;
	v->model = model;
	replay_keep_blocks(replay, LIVE_BLOCKS);
	v->window = live_window_new(replay_blocks(replay));
	v->query.since = 0;
	v->run = (struct live_run){0};
	v->newest = v->newest_wall = 0;
	v->rate_wall = v->rate_events = v->rate_lost = 0;
	v->drawn_blocks = 0;
	v->changed = true;
}

void live_view_detach(struct live_view *v)
{
	live_window_free(v->window);
	v->window = NULL;
	v->replay = NULL;
	v->model = NULL;
	v->sum = (struct live_sum){0};
}

/* The rate of events, measured once a second. */
static void measure_rate(struct live_view *v)
{
	const struct model *m = v->model;

	if (v->wall - v->rate_wall < SECOND)
		return;
	if (v->rate_wall) {
		double seconds = (double)(v->wall - v->rate_wall) / 1e9;

		v->events_per_s = (double)(m->events - v->rate_events) / seconds;
		v->lost_per_s = (double)(m->lost - v->rate_lost) / seconds;
	}
	v->rate_wall = v->wall;
	v->rate_events = m->events;
	v->rate_lost = m->lost;
}

/* The stream's clock keeps running while nothing comes. For a recording, the player moves it. */
static void move_clock(struct live_view *v)
{
	v->wall = clock_ns();
	/* The head of the stream has the trace's threshold. */
	if (v->model)
		v->query.threshold =
			v->threshold > v->model->target.threshold ? v->threshold : v->model->target.threshold;
	if (!v->model || !v->model->start)
		return;
	if (v->model->end > v->newest) {
		v->newest = v->model->end;
		v->newest_wall = v->wall;
	}
	measure_rate(v);
	if (!v->playback.playing) {
		uint64_t now = v->newest + (v->wall - v->newest_wall);

		v->position = now > v->position ? now : v->position;
	}
	if (v->playback.ended) {
		replay_advance(v->replay, UINT64_MAX);
		v->position = v->newest;
		/* The events of the last moment come later, and there may be no further second to measure. */
		v->events_per_s = v->lost_per_s = 0;
	}
	if (!v->playback.playing && v->wall - v->newest_wall > QUIET)
		replay_advance(v->replay, v->position);
	live_window_take(v->window, v->query.since, &v->run);
	if (!v->paused || v->playback.playing)
		v->query.now = v->position;
}

/* Says what the screen needs, in few enough words to fit. */
static void too_small(void)
{
	char text[64];

	snprintf(text, sizeof(text), "hud-trace needs %dx%d,", LIVE_LEAST_COLUMNS, LIVE_LEAST_ROWS);
	pen_put(0, 0, (size_t)COLS, pen_style(PEN_STRONG), text);
	snprintf(text, sizeof(text), "this is %dx%d.", COLS, LINES);
	pen_put(1, 0, (size_t)COLS, pen_style(PEN_PLAIN), text);
	pen_put(2, 0, (size_t)COLS, pen_style(PEN_PLAIN), "Enlarge it, or q: report");
}

/* The list: header, table, lanes, latest blocks, keys. */
static void draw_list(struct live_view *v, const struct live_workers *workers)
{
	/* Fixed lines: three of header, three headings, the selected row's name, an empty one, the keys. */
	int free_rows = LINES - 9, lanes, blocks;

	lanes = workers->count < 1 ? 1 : (int)(workers->count < 64 ? workers->count : 64);
	lanes = lanes > free_rows / 4 ? free_rows / 4 : lanes;
	blocks = free_rows * 3 / 10;
	blocks = blocks > 12 ? 12 : blocks;

	int table = free_rows - lanes - blocks;

	live_header(v, workers);
	live_table(v, workers, 4, table);
	live_lanes(v, workers, 6 + table, lanes);
	live_blocks(v, workers, 7 + table + lanes, blocks);
	live_footer(v);
}

static void draw(struct live_view *v)
{
	erase();
	if (COLS < LIVE_LEAST_COLUMNS || LINES < LIVE_LEAST_ROWS) {
		too_small();
		refresh();
		return;
	}
	v->query.cells = COLS >= 160 ? 30 : COLS >= 120 ? 15 : COLS >= 96 ? 10 : 6;
	live_window_sum(v->window, &v->query, &v->sum);
	live_find_selected(v);
	struct live_workers workers = live_workers_now(v);

	if (v->page == LIVE_HELP)
		live_help(v);
	else if (v->page == LIVE_DETAIL)
		live_detail(v, &workers);
	else if (v->page == LIVE_TASKS)
		live_standing(v);
	else
		draw_list(v, &workers);
	free(workers.worker);
	refresh();
}

/* Changes when a redraw would show something new without new events: each second, and each cell of a lane, of
 * which a window has about 60. */
static uint64_t moving(const struct live_view *v)
{
	uint64_t step = v->query.span / 64;

	return v->query.now / (step && step < SECOND ? step : SECOND);
}

int live_view_tick(struct live_view *v)
{
	int key;

	move_clock(v);
	if (v->message && v->wall > v->message_until) {
		free(v->message);
		v->message = NULL;
		v->changed = true;
	}
	if (!live_terminal_ours())
		return 500;
	bool pressed = false;

	while ((key = getch()) != ERR) {
		live_key(v, key);
		pressed = v->changed = true;
	}
	if (!v->model || v->leave)
		return 0;
	uint64_t cell = moving(v), since = v->wall - v->drawn_wall;

	v->changed |=
		cell != v->drawn_cell || (!v->paused && live_window_count(v->window) != v->drawn_blocks);
	if (v->changed && !pressed && since < REDRAW)
		return (int)((REDRAW - since) / 1000000) + 1;
	if (v->changed) {
		v->changed = false;
		v->drawn_cell = cell;
		v->drawn_blocks = live_window_count(v->window);
		v->drawn_wall = v->wall;
		draw(v);
	}
	return 250;
}
