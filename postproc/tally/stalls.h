/* stalls.h - when several workers were in long polls at once.
 *
 * While all workers of a runtime are, a task that becomes ready has to wait until one of them is done. Times are ns on one
 * clock. What is kept is bounded: of what came long ago only sums remain.
 */
#ifndef HUD_TALLY_STALLS_H
#define HUD_TALLY_STALLS_H

#include <stddef.h>
#include <stdint.h>

#include "tally/model.h"

#define STALLS_WORKERS 256 /* at once; of more than so many nothing is told */

struct stalls;

struct stalls *stalls_new(void);
void stalls_free(struct stalls *stalls);

/* A worker was in a long poll from `start` to `end`. Polls of one worker do not overlap; they may come in any order, but late
 * by no more than some thousand others. */
void stalls_add(struct stalls *stalls, uint64_t start, uint64_t end);

/* The stretches in which at least `workers` workers were in long polls, so far. All 0 if that is none, or more than can be
 * told of. */
struct stalled stalls_of(const struct stalls *stalls, size_t workers);

#endif
