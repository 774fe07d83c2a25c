/* samples.h - from CPU samples to stretches of computing: an estimate.
 *
 * A worker that is sampled in the same work again and again, without a sleep in between, did not come back to its
 * scheduler meanwhile, as far as samples can tell: several short polls of one kind in a row look the same.
 */
#ifndef HUD_TALLY_SAMPLES_H
#define HUD_TALLY_SAMPLES_H

#include <stdint.h>

#include "tally/tally.h"

struct samples;

/* `period`: ns between samples. Runs of at least two samples and at least `threshold` ns go to `tally`, and single samples of a
 * worker that had come in from a sleep at least `threshold` ns before: it polled all that time, one task most likely. */
struct samples *samples_new(struct tally *tally, uint64_t period, uint64_t threshold);
void samples_free(struct samples *samples);

/* Thread `tid` was on a CPU at `ns` with this stack; it came in from its last sleep `age` ns before. */
void samples_add(struct samples *samples, long tid, uint64_t ns, uint64_t age, const struct verdict *stack);

/* The thread exited: what it was in has ended. */
void samples_gone(struct samples *samples, long tid);

/* No more samples: what is under way counts as it is. */
void samples_finish(struct samples *samples);

#endif
