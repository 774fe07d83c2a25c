/* SPDX-License-Identifier: Apache-2.0 */
/* significance.h - is a difference between two traces more than chance?
 *
 * Each trace is divided into NOISE_SLICES slices of equal length. How much the slices of a trace differ among
 * each other tells how reliable its mean is. Welch's t-test tells how likely two means differ this much if
 * nothing has changed. Nothing is random: the same traces give the same answer.
 *
 * A block counts entirely where it starts, so a long one is one observation. Bursts are few observations,
 * too: those within a slice anyway; longer ones because groups of four and eight slices are tested as well,
 * and the largest spread counts. (Counting single blocks, as in a Poisson process, would take a burst for
 * many observations.) A trace cannot tell changes slower than itself from a change of the code.
 */
#ifndef HUD_DIFF_SIGNIFICANCE_H
#define HUD_DIFF_SIGNIFICANCE_H

#include <stddef.h>
#include <stdint.h>

#define NOISE_SLICES 40
#define NOISE_CHANCE 0.01 /* of one or more false changes in a whole comparison */

/* A quantity over the slices of a trace. */
struct slices {
	double value[NOISE_SLICES];
};

/* Adds `amount` to the slice of the time `when`; times outside `start`..`end` belong to the nearest slice.
 * Any unit. */
void slices_add(struct slices *slices, uint64_t start, uint64_t end, uint64_t when, double amount);

/* How likely the two means differ this much by chance: 0 to 1. */
double noise_chance(const struct slices *one, const struct slices *other);

#endif
