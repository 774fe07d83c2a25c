/* fuzz-live.c - a stream as the live view shows it while it comes, with keys pressed meanwhile; on a terminal that nobody sees. */
#include <curses.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "live/player.h"
#include "live/view.h"
#include "replay/replay.h"

#define CHUNK 1024 /* bytes between two keys */
#define STEP 50000000u

/* What keys stand for above ASCII. */
static const int others[] = {KEY_UP,	KEY_DOWN,  KEY_PPAGE,  KEY_NPAGE, KEY_HOME,	 KEY_END,  KEY_LEFT,
			     KEY_RIGHT, KEY_ENTER, KEY_RESIZE, KEY_MOUSE, KEY_BACKSPACE, KEY_F(1), KEY_F(10)};

static const struct {
	int rows, columns;
} sizes[] = {{40, 132}, {24, 80}, {LIVE_LEAST_ROWS, LIVE_LEAST_COLUMNS}, {5, 20}, {90, 250}};

struct feed {
	struct live_player *player;
	struct live_view *view;
	const uint8_t *key, *end;
	bool ended;
};

/* The terminal is nobody else's (live_terminal_ours()). */
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

static void press(struct feed *f)
{
	uint8_t byte = *f->key++;
	int key = byte < 128 ? byte : others[byte % (sizeof(others) / sizeof(*others))];

	if (byte >= 0xf0)
		resizeterm(sizes[byte % 5].rows, sizes[byte % 5].columns);
	else if (key != 'w' || f->view->typing) /* writes files */
		live_key(f->view, key);
	f->view->leave = false;
}

/* Draws, whenever it was last done. */
static void draw(struct live_view *v)
{
	v->changed = true;
	v->drawn_wall = 0;
	live_view_tick(v);
}

static ssize_t feed_read(void *feed, char *to, size_t size)
{
	struct feed *f = feed;
	struct live_view *v = f->view;
	ssize_t got;

	if (f->key < f->end)
		press(f);
	draw(v);
	do {
		uint64_t next = live_player_next(f->player);

		v->position = v->position + STEP > next ? v->position + STEP : next;
		got = live_player_take(f->player, to, size < CHUNK ? size : CHUNK, v->position,
				       &v->playback.ended);
	} while (got == 0 && !v->playback.ended);
	return got;
}

void fuzz_live(const uint8_t *data, size_t size)
{
	static const char border[] = "\n--\n";
	const uint8_t *at = memmem(data, size, border, sizeof(border) - 1);
	size_t first = at ? (size_t)(at - data) + 1 : size, second = at ? first + 3 : size;
	struct live_view *view = calloc(1, sizeof(*view));
	struct feed feed = {.view = view, .key = data + second, .end = data + size};
	struct replay *replay = replay_new(&(struct replay_options){.detail = DETAIL_SUMS});
	struct model model;

	open_screen();
	resizeterm(sizes[0].rows, sizes[0].columns);
	feed.player = live_player_new(open_bytes(data, first));
	live_view_start(view, true, size % 2 != 0, UINT64_C(10000000000));
	view->playback.speed = 1;
	view->playback.playing = size % 3 != 0;
	live_view_attach(view, replay, &model);
	FILE *in = fopencookie(&feed, "r", (cookie_io_functions_t){.read = feed_read});

	setvbuf(in, NULL, _IOFBF, CHUNK);
	replay_read(replay, in, &model);
	while (feed.key < feed.end) {
		press(&feed);
		draw(view);
	}
	fclose(in);
	live_view_detach(view);
	live_view_end(view);
	live_player_free(feed.player);
	replay_free(replay);
	free(view);
}
