/* loop.h - runs the live view: waits for keys and for what comes, and hands on what has come. */
#ifndef HUD_LIVE_LOOP_H
#define HUD_LIVE_LOOP_H

#include "live/view.h"
#include "replay/replay.h"

struct live_source_options {
	const char *
		file; /* a recording, which is played; "-": standard input, which is played if it is a file */
	double speed;
	int tell;  /* closed when the user leaves; -1: none */
	int notes; /* lines for the user come there; -1: none */
	const struct replay_options *replay;
};

struct live_loop;

/* Opens what is to be shown. The view and the options must outlive the loop. NULL with errno set if it cannot be opened. */
struct live_loop *live_loop_new(struct live_view *view, const struct live_source_options *options);
void live_loop_free(struct live_loop *loop);

/* Shows it, if the terminal is open, until the user leaves or a stream ends; gives the terminal back; and reads the rest. *model is
 * what all of it amounts to, and points into the loop. Returns 0; or -1 with errno set, when *model holds what came until then. */
int live_loop_run(struct live_loop *loop, struct model *model);

#endif
