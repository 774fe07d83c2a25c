/* stacks.h - the stacks that a stream describes: put together from its lines, then unwound, named and judged, once each. */
#ifndef HUD_REPLAY_STACKS_H
#define HUD_REPLAY_STACKS_H

#include <stdint.h>
#include <stdio.h>

#include "judge/judge.h"
#include "stream/stream.h"

struct stacks;
struct resolver;

/* The stacks of one stream. What it works with must outlive it. Exits the program when out of memory. */
struct stacks *stacks_new(struct resolver *resolver, struct judge *judge);
void stacks_free(struct stacks *stacks);

/* Tells what time it is, ns on the clock of the events, behind each event that was judged. From the first call on only stacks that
 * were described lately are kept: a long trace must not fill the memory with them. Not to be used with stacks_write(). */
void stacks_forget_old(struct stacks *stacks, uint64_t now);

/* Takes a line of kind EVENT_STACK, EVENT_WORDS, EVENT_RETURNS, EVENT_FRAMES, EVENT_ADDRESS or EVENT_FRAME. */
void stacks_add(struct stacks *stacks, const struct event *e);

/* What the stack `id` means, or NULL when no line described it. Owned by the judge. */
const struct verdict *stacks_verdict(struct stacks *stacks, uint64_t id);

/* Writes `frame` lines for every stack whose meaning was asked for. Errors show in ferror(out). */
void stacks_write(struct stacks *stacks, FILE *out);

/* How many stacks were unwound (again, if they had been forgotten), and how many of them are cut although they are not parks. */
uint64_t stacks_count(const struct stacks *stacks);
uint64_t stacks_cut(const struct stacks *stacks);

/* How many of those that are cut were walked in the kernel, and how many needed more of the stack than was copied. */
uint64_t stacks_walked(const struct stacks *stacks);
uint64_t stacks_too_few(const struct stacks *stacks);

/* How many of those that are cut go on on another stack. */
uint64_t stacks_elsewhere(const struct stacks *stacks);

#endif
