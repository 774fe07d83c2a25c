/* SPDX-License-Identifier: Apache-2.0 */
/* state.h - shared by the files of replay/ while a stream is read. */
#ifndef HUD_REPLAY_STATE_H
#define HUD_REPLAY_STATE_H

#include "replay/futures.h"
#include "replay/holders.h"
#include "replay/probe-output.h"
#include "replay/replay.h"
#include "replay/seen-descriptors.h"
#include "replay/stacks.h"
#include "replay/throttle.h"
#include "stream/event.h"
#include "tally/samples.h"

struct reorder;
struct stream;

struct replay {
	struct replay_options options;
	struct stream *stream;
	struct model *model;
	struct model sums; /* as it was before replay_end() completed it: for replay_since() */
	bool over;	   /* that was called */
	size_t lines;
	bool full;				  /* too much is kept: ignore the rest */
	char *exe, *strings[16 + IN_PLACE_SHOWN]; /* texts of meta lines that the model points to */
	size_t kept;
	char *why; /* why it ended */
	struct mapped *mapped;
	const struct arch *arch; /* the target's */
	struct space *space;
	struct resolver *resolver;
	struct judge *judge;
	struct stacks *stacks;
	struct tally *tally;
	struct throttle *throttle;
	struct seen_descriptors *descriptors;
	struct holders *holders;
	struct standings *standings;
	struct samples *samples;      /* made at the first sample, if polls are estimated */
	struct samples *main_samples; /* the same of main futures, if polls are told apart */
	struct polls *polls;	      /* if they are told apart: from the head on */
	struct reorder *held;	      /* events that are not judged yet */
	uint64_t newest;
	bool wakers_certain; /* see wakers.h */
	/* When a thread was last in such a poll; of several threads in one place the last one. */
	struct {
		long tid;
		uint64_t ns;
	} in_block_on[64];
	bool block_on_by_stacks; /* of a current-thread runtime: Tokio's state does not tell when its future is polled */
	bool estimating; /* polls were told apart until that cost too much */
	struct futures *futures;
	struct probe_output *probes;
	struct cut_why cut_why; /* of stacks that came resolved */
	uint64_t ended;		/* when, 0: not yet */
};

/* Handles a `meta` line (meta.c). */
void replay_meta(struct replay *replay, const struct event *e);

/* Judges an event, in order of time, and adds its meaning to the tally (judging.c). */
void replay_judge(struct replay *replay, const struct event *e);

/* Fill in how well the stream could be read so far: before the tally fills in its part, and after it
 * (notes.c). */
void replay_note_reading(struct replay *replay, struct model *model);
void replay_note_builds(const struct replay *replay, struct model *model);

/* Why stacks are cut, those that came resolved too. */
struct cut_why replay_cut_why(const struct replay *replay);

/* The same of what is only known at the end. */
void replay_note_end(struct replay *replay, struct model *model);

#endif
