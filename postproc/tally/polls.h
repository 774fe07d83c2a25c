/* polls.h - from long polls, and the sleeps, waits and samples inside them, to blocks.
 *
 * One poll can do several things: compute here, wait for a lock there. Its time is divided among them: each that takes
 * the threshold or longer is a block of its own, and what is left goes to the longest. So a poll of many short sleeps is
 * found too, and no time counts twice. All times are ns on the target's CLOCK_BOOTTIME.
 */
#ifndef HUD_TALLY_POLLS_H
#define HUD_TALLY_POLLS_H

#include <stdbool.h>
#include <stdint.h>

#include "tally/tally.h"

/* A poll that lasted, as the worker's state told at moments. It began after `before` and not later than `first`, and ended
 * not earlier than `last` and before `next`. */
struct poll {
	long tid;
	uint64_t before, first, last, next;
	uint64_t off;	  /* how much of it the worker was off its CPU */
	uint64_t wait;	  /* how much of that it could run, but had no CPU; 0 if that is not known */
	bool taken_back;  /* it does not count, after all */
	bool running;	  /* it still lasts: more of it may come */
	const char *task; /* the type of its future, if known; not copied */
	bool guessed;	  /* of polls.c: the name is that of another stack */
	uint64_t id;	  /* of the task; 0: not known */
};

/* Something that a worker did inside a poll. */
struct segment {
	uint64_t ns;	    /* when it was seen: a sleep or a wait had ended then */
	bool sample;	    /* running: it stands for a share of the poll's running time */
	struct block block; /* a sample's has no duration */
};

struct polls;

/* `period`: ns between samples. Blocks of at least `threshold` ns go to `tally`. */
struct polls *polls_new(struct tally *tally, uint64_t period, uint64_t threshold);
void polls_free(struct polls *polls);

/* Takes a segment, copied. Pieces of a thread come in order of time, before the poll that they belong to. */
void polls_segment(struct polls *polls, const struct segment *segment);

/* Takes a poll. One that is running may come again, with the same `first`. */
void polls_add(struct polls *polls, const struct poll *poll);

/* A poll that still lasts. */
struct running {
	long tid;
	uint64_t first, seen; /* it began, and was last said to run */
	const struct block
		*in; /* what it was last seen in, which has neither begun nor ended; NULL: not known */
};

/* Calls `visit` for each poll that lasts for a second or longer and has not ended, in no order. */
typedef void polls_visitor(void *context, const struct running *running);
void polls_running(const struct polls *polls, polls_visitor *visit, void *context);

/* The thread exited at `ns`: what it was in has ended. */
void polls_gone(struct polls *polls, long tid, uint64_t ns);

/* No more comes: polls that still run count as far as they were seen. */
void polls_finish(struct polls *polls);

#endif
