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

/* Sets the time of the latest judged event, ns. From the first call on, keeps only recently described stacks,
 * so that a long trace does not fill the memory. Not to be used with stacks_write(). */
void stacks_forget_old(struct stacks *stacks, uint64_t now);

/* Adds a line of kind EVENT_STACK, EVENT_WORDS, EVENT_RETURNS, EVENT_FRAMES, EVENT_ADDRESS or EVENT_FRAME. */
void stacks_add(struct stacks *stacks, const struct event *e);

/* The meaning of stack `id`; NULL if no line described it. Owned by the judge. */
const struct verdict *stacks_verdict(struct stacks *stacks, uint64_t id);

/* Writes `frame` lines for every stack whose meaning was asked for. Errors show in ferror(out). */
void stacks_write(struct stacks *stacks, FILE *out);

/* How many stacks were unwound (counted again if forgotten in between), and how many of them are cut and are
 * no parks. */
uint64_t stacks_count(const struct stacks *stacks);
uint64_t stacks_cut(const struct stacks *stacks);

/* How many of the cut ones were walked in the kernel, and how many needed more of the stack than was
 * copied. */
uint64_t stacks_walked(const struct stacks *stacks);
uint64_t stacks_too_few(const struct stacks *stacks);

/* How many of the cut ones continue on another stack. */
uint64_t stacks_elsewhere(const struct stacks *stacks);

#endif
