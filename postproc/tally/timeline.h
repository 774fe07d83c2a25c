/* SPDX-License-Identifier: Apache-2.0 */
/* timeline.h - what blocked each worker when: all blocks of a trace of any length, added up in slices of time.
 *
 * There are at most SLICES_MOST slices. When time goes on beyond the last one, they become twice as long, so that
 * memory does not grow with the trace.
 */
#ifndef HUD_TALLY_TIMELINE_H
#define HUD_TALLY_TIMELINE_H

#include <stddef.h>
#include <stdint.h>

#include "tally/block.h"
#include "tally/model.h"

#define SLICES_MOST 1024
#define SLICES_WORKERS 256 /* the first ones that blocked are told apart */

struct slicing;

/* Exits the program when out of memory. */
struct slicing *timeline_new(void);
void timeline_free(struct slicing *slices);

/* Adds a block of a worker. */
void timeline_add(struct slicing *slices, const struct block *block);

/* Completes the time axis: where it begins, how long a slice is, how many there are. */
void timeline_axis(const struct slicing *slices, struct timeline *timeline);

/* What this thread had in each slice, by reason, in us; NULL if it had no block or is not told apart. Valid until the
 * next block is added. */
slice_times *timeline_of(const struct slicing *slices, long tid);

#endif
