/* SPDX-License-Identifier: Apache-2.0 */
/* reading-loop.c - see reading-loop.h. */
#include "command/reading-loop.h"

#include <errno.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "replay/replay.h"
#include "serve/listen.h"

#define QUIET_MS 1000 /* without a line for so long, the target's clock has gone on as ours has */
#define BYTES 65536
#define LONGEST_MS 60000
#define PUSH_MS 15000 /* without --every */

struct loop {
	struct reporting *o;
	struct replay *replay;
	const struct model *model;
	int64_t heard, due, push_due;  /* ms: the last bytes; the next write, and profile; INT64_MAX: none */
	uint64_t pushed, pushed_until; /* blocks that profiles had, and until when, ns */
};

bool reading_loop_needed(const struct reporting *o)
{
	return o->every || o->triggered || o->listener || o->pusher;
}

/* Fills in what came until now. Returns false if nothing has begun. */
static bool model_so_far(const struct loop *l, struct model *model)
{
	if (!l->model->begun)
		return false;
	replay_so_far(l->replay, model);
	/* The stream has not ended, and is not cut off. */
	model->truncated = false;
	return true;
}

static void write_so_far(const struct loop *l)
{
	struct model model;

	if (model_so_far(l, &model))
		reporting_write_files(l->o, &model, (unsigned long)time(NULL));
}

static int64_t push_each(const struct loop *l)
{
	return l->o->every ? (int64_t)(l->o->every / 1000000) : PUSH_MS;
}

/* Sends what has come since the last profile. */
static void push(struct loop *l)
{
	struct model model;

	if (!l->o->pusher || !l->model->begun)
		return;
	l->pushed = replay_since(l->replay, l->pushed, l->pushed_until, &model);
	l->pushed_until = model.end;
	push_model(l->o->pusher, &model);
}

static void push_if_due(struct loop *l, int64_t now)
{
	if (l->push_due > now)
		return;
	push(l);
	l->push_due = clock_ms() + push_each(l);
}

/* Somebody asks for what came until now. */
static void answer(const struct loop *l)
{
	const struct format *format = listen_asked(l->o->listener);
	struct model model;

	if (format)
		listen_answer(l->o->listener,
			      model_so_far(l, &model) ? reporting_write_memory(l->o, format, &model) : -1);
}

/* The stream is silent: tells the replay how far the target's clock has gone. */
static void advance(struct loop *l, int64_t now)
{
	int64_t quiet = now - l->heard;

	if (quiet <= QUIET_MS || !l->model->begun)
		return;
	uint64_t ns = l->model->end + (uint64_t)quiet * 1000000;

	replay_advance(l->replay, ns);
	if (l->o->triggered)
		trigger_advance(l->o->triggered, l->replay, ns);
}

static void write_if_due(struct loop *l, int64_t now)
{
	int64_t each = (int64_t)(l->o->every / 1000000);

	if (l->due > now)
		return;
	write_so_far(l);
	/* A slow disk makes it write less often, not all the time. */
	now = clock_ms();
	l->due = l->due + each > now ? l->due + each : now + each;
}

/* How long it may wait for bytes, ms. */
static int patience(const struct loop *l, int64_t now)
{
	int64_t due = l->due < l->push_due ? l->due : l->push_due;
	int64_t left = due == INT64_MAX ? LONGEST_MS : due > now ? due - now : 0;

	if (l->o->triggered && left > QUIET_MS)
		left = QUIET_MS;
	return left > LONGEST_MS ? LONGEST_MS : (int)left;
}

/* Reads and feeds what is there. Returns 1, 0 at the end, or -1 with errno set. */
static int feed(struct loop *l)
{
	static char bytes[BYTES];
	ssize_t got = read(STDIN_FILENO, bytes, sizeof(bytes));

	if (got <= 0)
		return got < 0 && errno == EINTR ? 1 : (int)got;
	l->heard = clock_ms();
	int failed = l->o->triggered ? trigger_feed(l->o->triggered, l->replay, bytes, (size_t)got)
				     : replay_feed(l->replay, bytes, (size_t)got);

	return failed ? -1 : 1;
}

int reading_loop(struct reporting *o, struct replay *replay, struct model *model)
{
	int64_t now = clock_ms();
	struct loop l = {.o = o,
			 .replay = replay,
			 .model = model,
			 .heard = now,
			 .due = o->every ? now + (int64_t)(o->every / 1000000) : INT64_MAX,
			 .push_due = INT64_MAX};
	struct pollfd ready[] = {{.fd = STDIN_FILENO, .events = POLLIN},
				 {.fd = o->listener ? listen_descriptor(o->listener) : -1, .events = POLLIN}};
	int got = 1;

	if (o->pusher)
		l.push_due = now + push_each(&l);
	replay_begin(replay, model);
	while (got > 0) {
		now = clock_ms();
		advance(&l, now);
		write_if_due(&l, now);
		push_if_due(&l, now);
		if (poll(ready, 2, patience(&l, clock_ms())) <= 0)
			continue;
		if (ready[1].revents & (POLLHUP | POLLERR))
			ready[1].fd = -1; /* hud-listen has ended; it can be read then, too */
		else if (ready[1].revents)
			answer(&l);
		if (ready[0].revents)
			got = feed(&l);
	}
	int error = got < 0 ? errno : 0;

	if (o->triggered && !error)
		trigger_end(o->triggered, replay);
	if (replay_end(replay) && !error)
		error = errno;
	push(&l);
	errno = error;
	return error ? -1 : 0;
}
