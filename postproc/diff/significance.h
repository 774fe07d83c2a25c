/* significance.h - is a difference between two traces more than chance?
 *
 * Each trace is cut into NOISE_SLICES slices of equal length. How much the slices of one trace differ among themselves
 * tells how far its mean can be trusted; Welch's t-test tells how likely two means differ as they do, or more, when
 * nothing has changed. Nothing is drawn at random: the same traces get the same answer.
 *
 * A block counts whole where it starts, so that a long one is one observation and not several. Bursts are few observations
 * too: those within a slice by themselves, and longer ones because groups of four and of eight slices are asked as well, and
 * the largest spread counts. (Counting blocks one by one, as Poisson has it, would take a burst for many.) What changes more
 * slowly than a trace lasts, no trace can tell from a change of the code.
 */
#ifndef HUD_DIFF_SIGNIFICANCE_H
#define HUD_DIFF_SIGNIFICANCE_H

#include <stddef.h>
#include <stdint.h>

#define NOISE_SLICES 40
#define NOISE_CHANCE 0.01 /* of one false change, or more, in all of a comparison */

/* A quantity over the slices of a trace. */
struct slices {
	double value[NOISE_SLICES];
};

/* Adds `amount` to the slice that `when` is in; what is outside of `start`..`end` belongs to the nearest. Any unit. */
void slices_add(struct slices *slices, uint64_t start, uint64_t end, uint64_t when, double amount);

/* How likely the means of two differ as much as they do, if nothing but chance is at work: 0 to 1. */
double noise_chance(const struct slices *one, const struct slices *other);

#endif
