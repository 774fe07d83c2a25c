/* SPDX-License-Identifier: Apache-2.0 */
/* every.c - see every.h. */
#include "command/every.h"

#include <errno.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "replay/replay.h"

#define QUIET_MS 1000 /* without a line for so long, the target's clock has gone on as ours has */
#define BYTES 65536

/* Writes what came until now. `quiet`: ms since the last bytes. */
static void write_so_far(struct reporting *o, struct replay *replay, const struct model *so_far,
			 int64_t quiet)
{
	struct model model;

	if (!so_far->begun)
		return;
	if (quiet > QUIET_MS)
		replay_advance(replay, so_far->end + (uint64_t)quiet * 1000000);
	replay_so_far(replay, &model);
	/* The stream has not ended, and is not cut off. */
	model.truncated = false;
	reporting_write_files(o, &model, (unsigned long)time(NULL));
}

int every_read(struct reporting *o, struct replay *replay, struct model *model)
{
	static char bytes[BYTES];
	int64_t each = (int64_t)(o->every / 1000000), due = clock_ms() + each, heard = clock_ms();
	int error = 0;

	replay_begin(replay, model);
	while (!error) {
		struct pollfd ready = {.fd = STDIN_FILENO, .events = POLLIN};
		int64_t now = clock_ms(), left = due - now;

		if (left <= 0) {
			write_so_far(o, replay, model, now - heard);
			/* A slow disk makes it write less often, not all the time. */
			due = due + each > clock_ms() ? due + each : clock_ms() + each;
			continue;
		}
		if (poll(&ready, 1, left > 60000 ? 60000 : (int)left) <= 0)
			continue;
		ssize_t got = read(STDIN_FILENO, bytes, sizeof(bytes));

		if (got == 0)
			break;
		if (got < 0 && errno == EINTR)
			continue;
		heard = clock_ms();
		error = got < 0 || replay_feed(replay, bytes, (size_t)got) ? errno : 0;
	}
	if (replay_end(replay) && !error)
		error = errno;
	errno = error;
	return error ? -1 : 0;
}
