/* frame-kinds.h - which frames of a call chain are Tokio's own, and what they do there. */
#ifndef HUD_TOKIO_FRAME_KINDS_H
#define HUD_TOKIO_FRAME_KINDS_H

#include <stddef.h>

#include "resolve/symbolize/frame.h"

/* A frame may have several: the optimiser makes one function of many. */
enum frame_kind {
	FRAME_WORKER = 1,	  /* the loop of a multi-thread scheduler */
	FRAME_CURRENT_THREAD = 2, /* of a current-thread one */
	FRAME_BLOCK_ON = 4,	  /* the same, outermost: it polls block_on's own future */
	FRAME_POOL = 8,		  /* the loop of a blocking pool's thread */
	FRAME_HANDED_OVER = 16,	  /* block_in_place: below it the thread is no worker */
	FRAME_PARK = 32,	  /* waiting for something to do */
	FRAME_POLL = 64,	  /* a task's poll, also that of a spawn_blocking closure */
	FRAME_MAIN_FUTURE =
		128, /* block_on without a scheduler: it polls a future on whatever thread that is */
	FRAME_MAIN_PARK = 256, /* that waits for something to do */
};

/* The kinds of a frame by itself: by its names and, where it has none, by the source files of Tokio's that its code refers
 * to. */
unsigned frame_kinds_of(const struct frame *frame);

/* Takes from the kinds of `count` frames, leaf first, those that do not fit the others, where frames have no names. In doubt it
 * leaves less of a poll and more of a park: what cannot be told is not blamed. */
void frame_kinds_decide(const struct frame *const *frame, unsigned *kinds, size_t count);

#endif
