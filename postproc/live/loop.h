/* SPDX-License-Identifier: Apache-2.0 */
/* loop.h - runs the live view: waits for keys and input, and passes them on. */
#ifndef HUD_LIVE_LOOP_H
#define HUD_LIVE_LOOP_H

#include "live/view.h"
#include "replay/replay.h"

struct live_source_options {
	const char
		*file; /* the recording to play, or "-" for standard input, which is played if it is a file */
	int tell;      /* closed when the user leaves; -1: none */
	int notes;     /* where lines for the user come from; -1: none */
	const struct replay_options *replay;
};

struct live_loop;

/* Opens the input. The view and the options must outlive the loop. Returns NULL with errno set if it cannot
 * be opened. */
struct live_loop *live_loop_new(struct live_view *view, const struct live_source_options *options);
void live_loop_free(struct live_loop *loop);

/* Shows the input until the user leaves or the stream ends, if the terminal is open; then gives the terminal
 * back and reads the rest. *model describes all of the input, and points into the loop. Returns 0; or -1 with
 * errno set, in which case *model describes what came before the error. */
int live_loop_run(struct live_loop *loop, struct model *model);

#endif
