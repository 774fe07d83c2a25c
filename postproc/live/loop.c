/* SPDX-License-Identifier: Apache-2.0 */
/* loop.c - see loop.h. */
#include "live/loop.h"

#include <errno.h>
#include <libiberty/libiberty.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "live/player.h"
#include "live/terminal.h"
#include "stream/record/unpack.h"

#define BUFFER 65536
#define MUCH (256 << 10) /* bytes in a pipe: with more, reading cannot wait */
#define PAUSE 100000000u /* ns between two reads of a stream; in that time few writers fill the pipe */

struct live_loop {
	struct live_source_options options;
	struct live_view *view;
	struct replay *replay;
	struct model *model;
	uint64_t resume;	    /* when to read the stream again */
	struct live_player *player; /* NULL unless a recording is played */
	uint64_t moved;		    /* when the position last moved */
	uint64_t step_from;	    /* how many blocks there were when the step began */
	int error;		    /* errno; set once reading has failed */
	char note[512];
	size_t noted;
	char bytes[BUFFER];
};

/* Opens the recording again: each replay needs it from its start. Returns 0, or -1 with errno set. */
static int open_player(struct live_loop *l)
{
	const char *path = l->options.file;
	FILE *file;

	if (!strcmp(path, "-"))
		lseek(STDIN_FILENO, 0, SEEK_SET);
	file = unpack_open(path);
	if (!file)
		return -1;
	l->player = live_player_new(file);
	l->view->playback.playing = true;
	return 0;
}

struct live_loop *live_loop_new(struct live_view *view, const struct live_source_options *options)
{
	struct live_loop *l = xcalloc(1, sizeof(*l));
	struct stat st;

	l->options = *options;
	l->view = view;
	bool stream = !strcmp(options->file, "-") && fstat(STDIN_FILENO, &st) == 0 && !S_ISREG(st.st_mode);

	if (stream || open_player(l) == 0)
		return l;
	free(l);
	return NULL;
}

void live_loop_free(struct live_loop *l)
{
	if (!l)
		return;
	live_player_free(l->player);
	replay_free(l->replay);
	free(l);
}

static void begin(struct live_loop *l)
{
	l->replay = replay_new(l->options.replay);
	replay_begin(l->replay, l->model);
	live_view_attach(l->view, l->replay, l->model);
}

/* Passes on what was read. Returns false when there is no more to read. */
static bool feed(struct live_loop *l, ssize_t got)
{
	if (got > 0 && replay_feed(l->replay, l->bytes, (size_t)got) == 0)
		return true;
	l->error = got ? errno : 0;
	return false;
}

/* --- waiting --- */

/* Shows the last whole line that came. */
static void take_notes(struct live_loop *l)
{
	ssize_t got = read(l->options.notes, l->note + l->noted, sizeof(l->note) - 1 - l->noted);

	if (got <= 0) {
		l->options.notes = -1;
		return;
	}
	l->noted += (size_t)got;
	l->note[l->noted] = '\0';
	char *end = memrchr(l->note, '\n', l->noted);

	if (end) {
		*end = '\0';
		char *start = strrchr(l->note, '\n');

		live_say(l->view, start ? start + 1 : l->note);
		l->noted -= (size_t)(end + 1 - l->note);
		memmove(l->note, end + 1, l->noted);
	} else if (l->noted == sizeof(l->note) - 1) {
		l->noted = 0;
	}
}

/* Waits for a key, a note, the stream (if `stream` is set), or `ms` to pass. Returns whether the stream has
 * something to read. */
static bool wait_for(struct live_loop *l, bool stream, int ms)
{
	struct pollfd fds[] = {{.fd = live_terminal_fd(), .events = POLLIN},
			       {.fd = l->options.notes, .events = POLLIN},
			       {.fd = stream ? STDIN_FILENO : -1, .events = POLLIN}};

	if (poll(fds, 3, ms < 0 ? 0 : ms) < 0)
		return false;
	if (fds[0].revents & (POLLERR | POLLHUP | POLLNVAL)) /* the terminal is gone */
		l->view->leave = true;
	if (fds[1].revents)
		take_notes(l);
	return fds[2].revents;
}

/* --- a stream --- */

/* Is the pipe so full that it must be read now? */
static bool urgent(void)
{
	int waiting = 0;

	return ioctl(STDIN_FILENO, FIONREAD, &waiting) || waiting > MUCH;
}

/* Waits at most `ms`, then reads what has come in as few reads as possible. Returns false at the end of the
 * stream. */
static bool follow(struct live_loop *l, int ms)
{
	uint64_t now = clock_ns();
	bool ready = now >= l->resume || urgent();
	int left = ready ? ms : (int)((l->resume - now) / 1000000) + 1;

	if (!wait_for(l, ready, left < ms ? left : ms))
		return true;
	ssize_t got = read(STDIN_FILENO, l->bytes, BUFFER);

	l->resume = got == BUFFER ? 0 : clock_ns() + PAUSE;
	return (got < 0 && (errno == EINTR || errno == EAGAIN)) || feed(l, got);
}

/* --- a recording --- */

/* Goes back in time: replays from the start. */
static bool play_again(struct live_loop *l)
{
	live_view_detach(l->view);
	replay_free(l->replay);
	live_player_free(l->player);
	l->player = NULL;
	begin(l);
	if (open_player(l) == 0)
		return true;
	l->error = errno;
	return false;
}

/* Moves the playback position. Returns false if it must go back. */
static bool move_position(struct live_loop *l)
{
	struct live_view *v = l->view;
	struct live_playback *p = &v->playback;
	uint64_t now = clock_ns(), next = live_player_next(l->player);

	if (!v->position) /* playback begins at the first line that has a time */
		v->position = next;
	else if (!v->paused && !p->ended && l->moved)
		v->position += (uint64_t)((double)(now - l->moved) * p->speed);
	l->moved = now;
	if (p->stepping) {
		if (p->ended || live_window_count(v->window) != l->step_from)
			p->stepping = false;
		else if (next > v->position)
			v->position = next;
	} else {
		l->step_from = live_window_count(v->window);
	}
	int64_t seek = p->seek;

	p->seek = 0;
	if (seek < 0) {
		uint64_t back = (uint64_t)-seek, done = v->position - v->model->start;

		v->position = back < done ? v->position - back : v->model->start;
		p->ended = false;
		return false;
	}
	v->position += (uint64_t)seek;
	return true;
}

/* Waits for the next line: at least as long as an eye can notice, at most `ms`. */
static void wait_for_next(struct live_loop *l, int ms)
{
	const struct live_view *v = l->view;
	uint64_t next = live_player_next(l->player);
	double wait = next > v->position && !v->paused && !v->playback.ended
			      ? (double)(next - v->position) / 1e6 / v->playback.speed
			      : ms;

	wait_for(l, false, wait < 20 ? 20 : wait < ms ? (int)wait : ms);
}

/* Takes the lines whose time has come, or waits at most `ms` for the next. Returns false when there is no
 * more to read. */
static bool play(struct live_loop *l, int ms)
{
	struct live_view *v = l->view;
	bool end = false;
	ssize_t got = 0;

	if (v->playback.seek < 0 && !v->model->start)
		v->playback.seek = 0;
	if (!move_position(l))
		return play_again(l);
	if (!v->playback.ended)
		got = live_player_take(l->player, l->bytes, BUFFER, v->position, &end);
	if (got != 0)
		return feed(l, got);
	if (end)
		v->playback.ended = v->changed = true;
	if (!v->playback.stepping && (v->position || end))
		wait_for_next(l, ms);
	return true;
}

/* --- all of it --- */

/* Gives the terminal back to the user, and tells hud-trace, which needs a moment to end the trace. */
static void leave(struct live_loop *l)
{
	live_terminal_close();
	if (l->options.tell >= 0)
		fputs("ending...\n", stderr);
	if (l->options.tell >= 0)
		close(l->options.tell);
	if (l->options.notes >= 0)
		close(l->options.notes);
}

static void show(struct live_loop *l)
{
	for (;;) {
		int ms = live_view_tick(l->view);

		if (l->view->leave || live_terminal_leaving() || !(l->player ? play(l, ms) : follow(l, ms)))
			break;
	}
	leave(l);
}

/* Reads what is left after the view is gone; or everything, if there never was a view. */
static void read_rest(struct live_loop *l)
{
	ssize_t got;
	bool end;

	do
		got = l->player ? live_player_take(l->player, l->bytes, BUFFER, UINT64_MAX, &end)
				: read(STDIN_FILENO, l->bytes, BUFFER);
	while ((got < 0 && errno == EINTR) || feed(l, got));
}

int live_loop_run(struct live_loop *l, struct model *model)
{
	l->model = model;
	begin(l);
	if (live_terminal_is_open())
		show(l);
	if (!l->error)
		read_rest(l);
	if (replay_end(l->replay) && !l->error)
		l->error = errno;
	live_view_detach(l->view);
	errno = l->error;
	return l->error ? -1 : 0;
}
