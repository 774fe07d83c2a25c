/* SPDX-License-Identifier: Apache-2.0 */
/* polls.h - turns long polls, and the sleeps, waits and samples inside them, into blocks.
 *
 * One poll can do several things: compute here, wait for a lock there. Its time is divided among them: each
 * that takes the threshold or longer becomes a block, and the rest goes to the longest. So a poll of many
 * short sleeps is found, too, and no time counts twice. All times are ns on the target's CLOCK_BOOTTIME.
 */
#ifndef HUD_TALLY_POLLS_H
#define HUD_TALLY_POLLS_H

#include <stdbool.h>
#include <stdint.h>

#include "tally/tally.h"

/* A long poll, as looks at the worker's state showed it. It began after `before` and not later than `first`,
 * and ended not earlier than `last` and before `next`. */
struct poll {
	long tid;
	uint64_t before, first, last, next;
	uint64_t off;	  /* how long the worker was off its CPU */
	uint64_t wait;	  /* part of that in which it could run but had no CPU; 0 if not known */
	bool taken_back;  /* it does not count after all */
	bool running;	  /* it goes on */
	const char *task; /* the type of its future, if known; not copied */
	bool guessed;	  /* internal to polls.c: the name is from another stack */
	uint64_t id;	  /* of the task; 0: not known */
};

/* Something that a worker did inside a poll. */
struct segment {
	uint64_t ns;	    /* when it was seen; sleeps and waits ended then */
	bool sample;	    /* running: it stands for a share of the poll's running time */
	struct block block; /* without a duration for a sample */
};

struct polls;

/* `period`: ns between samples. Blocks of at least `threshold` ns go to `tally`. */
struct polls *polls_new(struct tally *tally, uint64_t period, uint64_t threshold);
void polls_free(struct polls *polls);

/* Adds a segment (copied). Segments of a thread come in order of time, before their poll. */
void polls_segment(struct polls *polls, const struct segment *segment);

/* Adds a poll. A running one may come again, with the same `first`. */
void polls_add(struct polls *polls, const struct poll *poll);

/* What was ready to run at a look inside the poll of thread `tid` that began at `first`. The last one before polls_add()
 * counts. */
void polls_ready(struct polls *polls, long tid, uint64_t first, const struct ready *ready);

/* A poll that still lasts. */
struct running {
	long tid;
	uint64_t first, seen;	/* when it began, and when it was last seen running */
	const struct block *in; /* what it was last seen in, without start and end; NULL: not known */
};

/* Calls `visit` for each poll that has lasted a second or longer and goes on, in no order. */
typedef void polls_visitor(void *context, const struct running *running);
void polls_running(const struct polls *polls, polls_visitor *visit, void *context);

/* The thread exited at `ns`: its poll has ended. */
void polls_gone(struct polls *polls, long tid, uint64_t ns);

/* Nothing more comes: running polls count as far as they were seen. */
void polls_finish(struct polls *polls);

#endif
