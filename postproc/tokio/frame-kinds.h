/* SPDX-License-Identifier: Apache-2.0 */
/* frame-kinds.h - which frames of a call chain are Tokio's, and what they do. */
#ifndef HUD_TOKIO_FRAME_KINDS_H
#define HUD_TOKIO_FRAME_KINDS_H

#include <stddef.h>

#include "resolve/symbolize/frame.h"

/* A frame may have several kinds: optimisers inline functions into one. */
enum frame_kind {
	FRAME_WORKER = 1,	  /* the loop of a multi-thread scheduler */
	FRAME_CURRENT_THREAD = 2, /* the loop of a current-thread scheduler */
	FRAME_BLOCK_ON = 4,	  /* the same, outermost: it polls block_on's future */
	FRAME_POOL = 8,		  /* the loop of a blocking pool's thread */
	FRAME_HANDED_OVER = 16,	  /* block_in_place: the frames that it calls run outside the worker */
	FRAME_PARK = 32,	  /* waiting for something to do */
	FRAME_POLL = 64,	  /* a task's poll, also that of a spawn_blocking closure */
	FRAME_MAIN_FUTURE = 128,  /* block_on without a scheduler: polls a future on its caller's thread */
	FRAME_MAIN_PARK = 256,	  /* the same, waiting for something to do */
	FRAME_ENTERED = 512,	  /* block_on of a runtime or of a handle to one */
};

/* The kinds of a frame by itself: by its names, or without names by Tokio's source files that its code refers
 * to. */
unsigned frame_kinds_of(const struct frame *frame);

/* Removes from the kinds of `count` frames, leaf first, those that contradict other frames; with names, only
 * FRAME_MAIN_FUTURE outside any FRAME_ENTERED. In doubt it prefers a park to a poll, so that nothing is blamed without evidence. */
void frame_kinds_decide(const struct frame *const *frame, unsigned *kinds, size_t count);

#endif
