/* live.c - hud-postproc live: a stream or a recording in the live view, then its report.
 *
 * What is read is read as the report does it. Where that has to wait for more, the view is served: it has no thread of its own,
 * and nothing of what it shows changes while it is drawn.
 */
#include <errno.h>
#include <fcntl.h>
#include <libiberty/libiberty.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/complain.h"
#include "command/command.h"
#include "command/reporting.h"
#include "live/player.h"
#include "live/source.h"
#include "live/terminal.h"
#include "live/view.h"
#include "resolve/elf/binary.h"
#include "sandbox/sandbox.h"
#include "sandbox/userfiles.h"
#include "stream/record/unpack.h"

#define BUFFER 65536
#define MUCH (256 << 10)  /* bytes in a pipe that should not wait */
#define PAUSE 100000000u  /* ns between two reads of a stream: few of its writers fill the pipe in that */
#define SPAN 30000000000u /* ns, of the window unless --window says */

struct options {
	struct reporting reporting;
	double speed;
	int tell;	       /* closed when the user leaves; -1: none */
	int notes;	       /* lines for the user come there; -1: none */
	const char *recording; /* where hud-trace keeps the events; NULL: nowhere */
};

static const char help[] =
	"usage: hud-postproc live [OPTION]... FILE\n"
	"\n"
	"Shows in the terminal what blocks the workers, while the recording FILE is played;\n"
	"then prints its report, which the options of hud-postproc report are for. With -,\n"
	"the event lines that come on standard input, as they come.\n"
	"\n"
	"      --speed N       play it N times as fast, 0.1 to 1000 (1)\n"
	"      --window SECS   only the last SECS seconds count, in the view (30) and in the\n"
	"                      report (all)\n"
	"  -h, --help\n"
	"\n"
	"Keys: q ends; left, right: 10 s back, forward; . the next block; { } half, twice\n"
	"the speed; space: pause; Enter: all about a blocker; ? the others.\n";

static void parse(int argc, char **argv, struct options *o)
{
	enum { SPEED = REPORTING_OWN, TELL, NOTES, RECORDING, RESCUE };
	static const struct option longs[] = {
		REPORTING_OPTIONS,
		{"speed", required_argument, NULL, SPEED},
		/* For hud-trace. */
		{"tell", required_argument, NULL, TELL},
		{"notes", required_argument, NULL, NOTES},
		{"recording", required_argument, NULL, RECORDING},
		{"rescue", no_argument, NULL, RESCUE},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, REPORTING_LETTERS "h", longs, NULL)) != -1) {
		switch (c) {
		case SPEED:
			o->speed = command_number("live", "speed", optarg, 0.1, 1000);
			break;
		case TELL:
			o->tell = command_descriptor("live", "tell", optarg);
			break;
		case NOTES:
			o->notes = command_descriptor("live", "notes", optarg);
			break;
		case RECORDING:
			o->recording = optarg;
			break;
		case RESCUE:
			live_terminal_rescue();
			exit(0);
		case 'h':
			fputs(help, stdout);
			exit(0);
		default:
			if (reporting_option(&o->reporting, c, optarg))
				break;
			fputs("Try 'hud-postproc live --help'.\n", stderr);
			exit(2);
		}
	}
	reporting_file(&o->reporting, argc - optind, argv + optind);
}

/* What the view is fed from. */
struct feed {
	struct options *options;
	struct live_view *view;
	int fd;			    /* a stream, */
	uint64_t resume;	    /* which is read again at this time; */
	struct live_player *player; /* or a recording */
	uint64_t moved;		    /* when its position was */
	uint64_t step_from;	    /* blocks that there were when the step began */
	bool again;		    /* it is to be played from its start, up to the position */
	char note[512];
	size_t noted;
};

/* The user's terminal is theirs again; who traces is told, and takes a moment to end that. */
static void leave(struct feed *f)
{
	live_terminal_close();
	if (f->options->tell >= 0)
		fputs("ending...\n", stderr);
	if (f->options->tell >= 0)
		close(f->options->tell);
	if (f->options->notes >= 0)
		close(f->options->notes);
	f->options->tell = f->options->notes = -1;
}

/* The last whole line of what came is shown. */
static void take_notes(struct feed *f)
{
	ssize_t got = read(f->options->notes, f->note + f->noted, sizeof(f->note) - 1 - f->noted);

	if (got <= 0) {
		f->options->notes = -1;
		return;
	}
	f->noted += (size_t)got;
	f->note[f->noted] = '\0';
	char *end = memrchr(f->note, '\n', f->noted);

	if (end) {
		*end = '\0';
		char *start = strrchr(f->note, '\n');

		live_view_say(f->view, start ? start + 1 : f->note);
		f->noted -= (size_t)(end + 1 - f->note);
		memmove(f->note, end + 1, f->noted);
	} else if (f->noted == sizeof(f->note) - 1) {
		f->noted = 0;
	}
}

/* Waits for a key, a note, the stream (if `stream`), or `ms`. */
static void wait_for(struct feed *f, bool stream, int ms)
{
	struct pollfd fds[] = {{.fd = live_terminal_fd(), .events = POLLIN},
			       {.fd = f->options->notes, .events = POLLIN},
			       {.fd = stream ? f->fd : -1, .events = POLLIN}};

	if (poll(fds, 3, ms < 0 ? 0 : ms) < 0)
		return;
	if (fds[0].revents & (POLLERR | POLLHUP | POLLNVAL)) /* the terminal is gone */
		f->view->leave = true;
	if (fds[1].revents)
		take_notes(f);
}

/* Is there more in the pipe than should wait? */
static bool urgent(int fd)
{
	int waiting = 0;

	return ioctl(fd, FIONREAD, &waiting) || waiting > MUCH;
}

/* What came of the stream, in as few reads as may be. -2: nothing yet. */
static ssize_t take_stream(struct feed *f, char *to, size_t size, int ms)
{
	uint64_t now = clock_ns();
	bool ready = now >= f->resume || urgent(f->fd);
	int left = ready ? ms : (int)((f->resume - now) / 1000000) + 1;

	wait_for(f, ready, left < ms ? left : ms);
	if (!ready)
		return -2;
	struct pollfd fd = {.fd = f->fd, .events = POLLIN};

	if (poll(&fd, 1, 0) <= 0 || !fd.revents)
		return -2;
	ssize_t got = read(f->fd, to, size);

	if (got == (ssize_t)size)
		f->resume = 0;
	else
		f->resume = clock_ns() + PAUSE;
	return got < 0 && (errno == EINTR || errno == EAGAIN) ? -2 : got;
}

/* Moves the position of what is played. False: back, which is only to be had from the start. */
static bool move_position(struct feed *f)
{
	struct live_view *v = f->view;
	struct live_playback *p = &v->playback;
	uint64_t now = clock_ns(), next = live_player_next(f->player);

	if (!v->position) /* the first line that tells a time is where it begins */
		v->position = next;
	else if (!v->paused && !p->ended && f->moved)
		v->position += (uint64_t)((double)(now - f->moved) * p->speed);
	f->moved = now;
	if (p->stepping) {
		if (p->ended || live_window_count(v->window) != f->step_from)
			p->stepping = false;
		else if (next > v->position)
			v->position = next;
	} else {
		f->step_from = live_window_count(v->window);
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

/* What has its time. -2: nothing yet. */
static ssize_t take_player(struct feed *f, char *to, size_t size, int ms)
{
	struct live_view *v = f->view;
	bool end = false;

	if (v->playback.seek < 0 && !v->model->start)
		v->playback.seek = 0;
	if (!move_position(f)) {
		f->again = true;
		return 0;
	}
	ssize_t got = v->playback.ended ? 0 : live_player_take(f->player, to, size, v->position, &end);

	if (got != 0)
		return got;
	if (end)
		v->playback.ended = v->changed = true;
	if (v->playback.stepping || (!v->position && !end))
		return -2;
	/* To the next line, but not shorter than what an eye can see. */
	uint64_t next = live_player_next(f->player);
	double wait = next > v->position && !v->paused && !v->playback.ended
			      ? (double)(next - v->position) / 1e6 / v->playback.speed
			      : ms;

	wait_for(f, false, wait < 20 ? 20 : wait < ms ? (int)wait : ms);
	return -2;
}

/* All that is left, once the view is gone. */
static ssize_t take_rest(struct feed *f, char *to, size_t size)
{
	bool end;
	ssize_t got;

	if (f->player)
		return live_player_take(f->player, to, size, UINT64_MAX, &end);
	while ((got = read(f->fd, to, size)) < 0 && errno == EINTR)
		;
	return got;
}

/* The reader wants more. */
static ssize_t feed_read(void *feed, char *to, size_t size)
{
	struct feed *f = feed;

	while (live_terminal_is_open()) {
		int ms = live_view_tick(f->view);

		if (f->view->leave || live_terminal_leaving()) {
			leave(f);
			break;
		}
		ssize_t got = f->player ? take_player(f, to, size, ms) : take_stream(f, to, size, ms);

		/* The end of a stream is the view's. */
		if (got == 0 && !f->player)
			leave(f);
		if (got != -2)
			return got;
	}
	return take_rest(f, to, size);
}

/* Opens what is to be shown; NULL with errno set. A recording is opened anew for each time that it is played. */
static FILE *open_feed(struct feed *f)
{
	static const cookie_io_functions_t functions = {.read = feed_read};
	const char *path = f->options->reporting.file;
	struct stat st;

	if (!strcmp(path, "-") && fstat(STDIN_FILENO, &st) == 0 && !S_ISREG(st.st_mode)) {
		f->fd = STDIN_FILENO;
	} else {
		if (!strcmp(path, "-"))
			lseek(STDIN_FILENO, 0, SEEK_SET);
		FILE *file = unpack_open(path);

		if (!file)
			return NULL;
		f->player = live_player_new(file);
		f->view->playback.playing = true;
	}
	FILE *in = fopencookie(f, "r", functions);

	if (!in)
		xmalloc_failed(0);
	setvbuf(in, NULL, _IOFBF, BUFFER);
	return in;
}

static void close_feed(struct feed *f, FILE *in)
{
	fclose(in);
	live_player_free(f->player);
	f->player = NULL;
}

/* Shows it, as often as the user wants to go back, and reports. */
static int show(struct options *o, struct live_view *view, FILE *in, struct feed *feed, struct chart *chart)
{
	struct model model;
	int status, error;

	for (;;) {
		struct replay *replay = replay_new(&o->reporting.replay);

		live_view_attach(view, replay, &model);
		error = replay_read(replay, in, &model) ? errno : 0;
		close_feed(feed, in);
		live_view_detach(view);
		if (!feed->again) {
			live_terminal_close();
			status = reporting_write(&o->reporting, &model, error, chart);
			replay_free(replay);
			return status;
		}
		replay_free(replay);
		feed->again = false;
		in = open_feed(feed);
		if (!in) {
			live_terminal_close();
			return reporting_fail(&o->reporting, o->reporting.file, userfiles_error(errno));
		}
	}
}

int live_main(int argc, char **argv)
{
	struct options o = {.reporting.command = "live", .speed = 1, .tell = -1, .notes = -1};
	struct live_view *view = xcalloc(1, sizeof(*view));
	struct feed feed = {.options = &o, .view = view, .fd = -1};
	const char *why;

	parse(argc, argv, &o);
	command_fit_terminal(&o.reporting.report, o.reporting.no_colour);
	signal(SIGPIPE, SIG_IGN);
	live_offer_files();
	if (live_source_start() || reporting_begin(&o.reporting))
		return 1;
	FILE *in = open_feed(&feed);

	if (!in)
		return reporting_fail(&o.reporting, o.reporting.file, userfiles_error(errno));
	struct chart *chart =
		o.reporting.chart ? chart_prepare(o.reporting.chart, o.reporting.chart_kind) : NULL;

	view->chart = chart_prepare(live_picture(), CHART_ALL);
	view->playback.speed = o.speed;
	view->recording = o.recording;
	if (live_terminal_open(&why))
		complain("hud-postproc live: no view: %s\n", why);
	else
		live_view_start(view, o.reporting.report.colour, o.reporting.report.utf8,
				o.reporting.replay.window ? o.reporting.replay.window : SPAN);
	binary_prepare();
	int status = sandbox_seal() ? 1 : show(&o, view, in, &feed, chart);

	live_terminal_close();
	live_view_end(view);
	chart_end(view->chart);
	free(view);
	chart_end(chart);
	live_source_end();
	sandbox_end();
	return status;
}
