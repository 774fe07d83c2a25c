/* SPDX-License-Identifier: Apache-2.0 */
/* stalls.h - when several workers were in long polls at once.
 *
 * While all workers of a runtime are, a task that becomes ready has to wait for one of them. Times are ns on
 * one clock. Memory is bounded: of earlier polls only sums are kept.
 */
#ifndef HUD_TALLY_STALLS_H
#define HUD_TALLY_STALLS_H

#include <stddef.h>
#include <stdint.h>

#include "tally/model.h"

#define STALLS_WORKERS 256 /* the most workers for which this is computed */

struct stalls;

struct stalls *stalls_new(void);
void stalls_free(struct stalls *stalls);

/* A worker was in a long poll from `start` to `end`. Polls of one worker do not overlap. They may come in any
 * order, but at most some thousand polls late. */
void stalls_add(struct stalls *stalls, uint64_t start, uint64_t end);

/* The stretches so far in which at least `workers` workers were in long polls. All 0 if `workers` is 0 or too
 * large. */
struct stalled stalls_of(const struct stalls *stalls, size_t workers);

#endif
