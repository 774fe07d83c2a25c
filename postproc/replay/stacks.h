/* SPDX-License-Identifier: Apache-2.0 */
/* stacks.h - the stacks of a stream: assembled from its lines, then unwound, resolved and judged, once
 * each. */
#ifndef HUD_REPLAY_STACKS_H
#define HUD_REPLAY_STACKS_H

#include <stdint.h>
#include <stdio.h>

#include "judge/judge.h"
#include "stream/stream.h"

struct stacks;
struct resolver;

/* The stacks of a stream. Both arguments must outlive it. Exits the program when out of memory. */
struct stacks *stacks_new(struct resolver *resolver, struct judge *judge);
void stacks_free(struct stacks *stacks);

/* Tells what time it is, ns on the clock of the events, behind each event that was judged. From the first call on only stacks that
 * were described lately are kept: a long trace must not fill the memory with them. */
void stacks_forget_old(struct stacks *stacks, uint64_t now);

/* From now on what a stack was found to mean is never forgotten: for stacks_write(). */
void stacks_keep_meanings(struct stacks *stacks);

/* Takes a line of kind EVENT_STACK, EVENT_WORDS, EVENT_RETURNS, EVENT_FRAMES, EVENT_ADDRESS, EVENT_FRAME or EVENT_SAME. */
void stacks_add(struct stacks *stacks, const struct event *e);

/* The meaning of stack `id`; NULL if no line described it. Owned by the judge. */
const struct verdict *stacks_verdict(struct stacks *stacks, uint64_t id);

/* Writes `frame` lines for every stack whose meaning was asked for, or a `same` line where another has its frames. Errors show in ferror(out). */
void stacks_write(struct stacks *stacks, FILE *out);

/* Have the stacks whose meaning was asked for frames without a name, but none with a name that is not the system's? */
bool stacks_nameless(struct stacks *stacks);

/* How many stacks were unwound (again, if they had been forgotten), and how many of them are cut although they are not parks. */
uint64_t stacks_count(const struct stacks *stacks);
uint64_t stacks_cut(const struct stacks *stacks);

/* How many of those that are cut were walked in the kernel, needed more of the stack than was copied, or go on on another stack. Of those
 * that came resolved this is not known. */
struct cut_why {
	uint64_t walked, too_few, elsewhere;
	uint64_t reduced; /* of too_few: no more was copied than is when there are too many stacks */
};

struct cut_why stacks_cut_why(const struct stacks *stacks);

#endif
