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

struct loop {
	struct reporting *o;
	struct replay *replay;
	const struct model *model;
	int64_t heard, due; /* ms: the last bytes; the next write, INT64_MAX: none */
};

bool reading_loop_needed(const struct reporting *o)
{
	return o->every || o->triggered || o->listener;
}

/* Writes what came until now. */
static void write_so_far(struct loop *l)
{
	struct model model;

	if (!l->model->begun)
		return;
	replay_so_far(l->replay, &model);
	/* The stream has not ended, and is not cut off. */
	model.truncated = false;
	reporting_write_files(l->o, &model, (unsigned long)time(NULL));
}

/* Somebody asks for what came until now. */
static void answer(struct loop *l)
{
	const struct format *format = listen_asked(l->o->listener);
	struct model model;

	if (!format)
		return;
	if (l->model->begun) {
		replay_so_far(l->replay, &model);
		model.truncated = false;
	}
	listen_answer(l->o->listener, l->model->begun ? reporting_write_memory(l->o, format, &model) : -1);
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
	int64_t left = l->due == INT64_MAX ? LONGEST_MS : l->due - now;

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
			 .due = o->every ? now + (int64_t)(o->every / 1000000) : INT64_MAX};
	struct pollfd ready[] = {{.fd = STDIN_FILENO, .events = POLLIN},
				 {.fd = o->listener ? listen_descriptor(o->listener) : -1, .events = POLLIN}};
	int got = 1;

	replay_begin(replay, model);
	while (got > 0) {
		now = clock_ms();
		advance(&l, now);
		write_if_due(&l, now);
		if (poll(ready, 2, patience(&l, clock_ms())) <= 0)
			continue;
		if (ready[1].revents & POLLIN)
			answer(&l);
		else if (ready[1].revents)
			ready[1].fd = -1; /* hud-listen has ended */
		if (ready[0].revents)
			got = feed(&l);
	}
	int error = got < 0 ? errno : 0;

	if (o->triggered && !error)
		trigger_end(o->triggered, replay);
	if (replay_end(replay) && !error)
		error = errno;
	errno = error;
	return error ? -1 : 0;
}
