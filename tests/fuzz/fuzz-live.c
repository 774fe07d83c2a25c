/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz-live.c - a stream shown in the live view while it comes, with keys pressed meanwhile, on a terminal
 * that nobody sees. */
#include <curses.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "live/keys.h"
#include "live/player.h"
#include "live/view.h"
#include "replay/replay.h"

#define CHUNK 1024 /* bytes between two keys */
#define STEP 50000000u

/* Key codes above ASCII. */
static const int others[] = {KEY_UP,	KEY_DOWN,  KEY_PPAGE,  KEY_NPAGE, KEY_HOME,	 KEY_END,  KEY_LEFT,
			     KEY_RIGHT, KEY_ENTER, KEY_RESIZE, KEY_MOUSE, KEY_BACKSPACE, KEY_F(1), KEY_F(10)};

static const struct {
	int rows, columns;
} sizes[] = {{40, 132}, {24, 80}, {LIVE_LEAST_ROWS, LIVE_LEAST_COLUMNS}, {5, 20}, {90, 250}};

struct keys {
	const uint8_t *at, *end;
};

/* This process owns the terminal (live_terminal_ours()). */
pid_t tcgetpgrp(int fd)
{
	(void)fd;
	return 0;
}

static void open_screen(void)
{
	static SCREEN *screen;

	if (screen)
		return;
	FILE *out = fopen("/dev/null", "we"), *in = fopen("/dev/null", "re");

	screen = out && in ? newterm("xterm-256color", out, in) : NULL;
	if (!screen)
		abort();
	cbreak();
	noecho();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
}

static void press(struct live_view *v, struct keys *k)
{
	uint8_t byte = *k->at++;
	int key = byte < 128 ? byte : others[byte % (sizeof(others) / sizeof(*others))];

	if (byte >= 0xf0)
		resizeterm(sizes[byte % 5].rows, sizes[byte % 5].columns);
	else if ((key != 'w' && key != 'c') || v->typing) /* these write files */
		live_key(v, key);
	v->leave = false;
}

/* Redraws, without waiting for the next redraw to be due. */
static void draw(struct live_view *v)
{
	v->changed = true;
	v->drawn_wall = 0;
	live_view_tick(v);
}

/* Moves the clock to the next line, and takes what is due then. Returns how many bytes that is. */
static size_t step(struct live_view *v, struct live_player *player, char bytes[CHUNK])
{
	ssize_t got;

	do {
		uint64_t next = live_player_next(player);

		v->position = v->position + STEP > next ? v->position + STEP : next;
		got = live_player_take(player, bytes, CHUNK, v->position, &v->playback.ended);
	} while (got == 0 && !v->playback.ended);
	return got < 0 ? 0 : (size_t)got;
}

void fuzz_live(const uint8_t *data, size_t size)
{
	static const char border[] = "\n--\n";
	const uint8_t *at = memmem(data, size, border, sizeof(border) - 1);
	size_t first = at ? (size_t)(at - data) + 1 : size, second = at ? first + 3 : size;
	struct live_view *view = calloc(1, sizeof(*view));
	struct keys keys = {data + second, data + size};
	char bytes[CHUNK];
	size_t got;
	struct replay *replay = replay_new(&(struct replay_options){.detail = DETAIL_SUMS});
	struct model model;

	open_screen();
	resizeterm(sizes[0].rows, sizes[0].columns);
	struct live_player *player = live_player_new(open_bytes(data, first));

	live_view_start(view, true, size % 2 != 0, UINT64_C(10000000000));
	view->playback.speed = 1;
	view->playback.playing = size % 3 != 0;
	replay_begin(replay, &model);
	live_view_attach(view, replay, &model);
	while ((got = step(view, player, bytes)) && !replay_feed(replay, bytes, got)) {
		if (keys.at < keys.end)
			press(view, &keys);
		draw(view);
	}
	while (keys.at < keys.end) {
		press(view, &keys);
		draw(view);
	}
	replay_end(replay);
	live_view_detach(view);
	live_view_end(view);
	live_player_free(player);
	replay_free(replay);
	free(view);
}
