/* SPDX-License-Identifier: Apache-2.0 */
/* samples.h - estimates stretches of computing from CPU samples.
 *
 * A worker that is sampled in the same work repeatedly, without a sleep in between, probably did not return
 * to its scheduler. Several short polls of one kind in a row look the same.
 */
#ifndef HUD_TALLY_SAMPLES_H
#define HUD_TALLY_SAMPLES_H

#include <stdint.h>

#include "tally/tally.h"

struct samples;

/* `period`: ns between samples. Adds to `tally` runs of at least two samples and `threshold` ns, and single
 * samples of a worker that woke up at least `threshold` ns before: it polled all that time, most likely one
 * task. */
struct samples *samples_new(struct tally *tally, uint64_t period, uint64_t threshold);
void samples_free(struct samples *samples);

/* Thread `tid` was on a CPU at `ns` with this stack; its last sleep ended `age` ns before. */
void samples_add(struct samples *samples, long tid, uint64_t ns, uint64_t age, const struct verdict *stack);

/* The thread exited: its work has ended. */
void samples_gone(struct samples *samples, long tid);

/* No more samples: unfinished runs count as they are. */
void samples_finish(struct samples *samples);

#endif
