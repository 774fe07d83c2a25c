/* SPDX-License-Identifier: Apache-2.0 */
/* trigger.h - --trigger: when a condition has become true, the time around it is kept as a recording of its own.
 *
 * The condition is about the last `window` of the stream. The recording begins `before` that, and ends `after` the moment at which the
 * condition was found true. Times are ns; the stream's clock tells them, so a recording that is read again has the same moments.
 */
#ifndef HUD_TRIGGER_TRIGGER_H
#define HUD_TRIGGER_TRIGGER_H

#include <stddef.h>
#include <stdint.h>

#include "diff/fail-on.h"
#include "replay/replay.h"

struct trigger_options {
	const char *command; /* the subcommand, for messages */
	struct gates gates;  /* any of these */
	uint64_t window, before, after;
	uint64_t debounce;	/* ns from one moment to the next, at least */
	unsigned most;		/* recordings in all */
	uint64_t ring;		/* bytes of memory for compressed lines */
	const char *folder;	/* where recordings go: FOLDER/trigger-SECONDS.zst */
	const char *on_trigger; /* a command to run for each, or NULL */
};

struct trigger;

/* Keeps what it needs to make recordings, before sandbox_begin(). `options` must stay valid. Returns NULL after a message. */
struct trigger *trigger_new(const struct trigger_options *options);

/* Ends what it started; before sandbox_end(). NULL is ignored. */
void trigger_free(struct trigger *trigger);

/* Could a recording be written? Returns 0, or -1 with errno set. */
int trigger_check(const struct trigger_options *options);

/* Feeds the stream's next bytes, cut anywhere, to `replay`, which was made with .lately = window, and looks at the condition now and then.
 * Returns as replay_feed(). What fails is said. */
int trigger_feed(struct trigger *trigger, struct replay *replay, const char *bytes, size_t size);

/* The target's clock has reached `ns` without further bytes. */
void trigger_advance(struct trigger *trigger, struct replay *replay, uint64_t ns);

/* The stream has ended: what waits for its last seconds is written. */
void trigger_end(struct trigger *trigger, struct replay *replay);

#endif
