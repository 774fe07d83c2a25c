/* SPDX-License-Identifier: Apache-2.0 */
/* significance.c - see significance.h. */
#include "diff/significance.h"

#include <math.h>

void slices_add(struct slices *slices, uint64_t start, uint64_t end, uint64_t when, double amount)
{
	double at = when > start && end > start ? (double)(when - start) / (double)(end - start) : 0;
	size_t i = at < 1 ? (size_t)(at * NOISE_SLICES) : NOISE_SLICES - 1;

	slices->value[i < NOISE_SLICES ? i : NOISE_SLICES - 1] += amount;
}

static double mean_of(const struct slices *s)
{
	double sum = 0;

	for (size_t i = 0; i < NOISE_SLICES; i++)
		sum += s->value[i];
	return sum / NOISE_SLICES;
}

/* The variance of the mean, from the differences among groups of `size` slices. */
static double error_by(const struct slices *s, double mean, size_t size)
{
	size_t groups = NOISE_SLICES / size;
	double sum = 0;

	for (size_t i = 0; i < groups; i++) {
		double group = 0;

		for (size_t j = 0; j < size; j++)
			group += s->value[i * size + j] / (double)size;
		sum += (group - mean) * (group - mean);
	}
	return sum / (double)(groups - 1) / (double)groups;
}

/* The largest of three: if neighbours are alike, as in a burst of several slices, there are fewer
 * observations than slices, and larger groups differ more than by chance. */
static double error_of(const struct slices *s, double mean)
{
	return fmax(error_by(s, mean, 1), fmax(error_by(s, mean, 4), error_by(s, mean, 8)));
}

double noise_chance(const struct slices *one, const struct slices *other)
{
	double mean1 = mean_of(one), mean2 = mean_of(other), difference = fabs(mean1 - mean2);
	double error1 = error_of(one, mean1), error2 = error_of(other, mean2), error = error1 + error2;

	/* Not <= 0: sums of the same numbers in another order differ in their last digits. */
	if (difference <= 1e-9 * (mean1 + mean2))
		return 1;
	if (error <= 0)
		return 0;
	/* Degrees of freedom by Welch and Satterthwaite; Student's t as a normal deviate by Wallace (Annals
	 * of Mathematical Statistics 30, 1959), correct to two digits from 5 degrees on. Here there are at
	 * least 39. */
	double freedom = (NOISE_SLICES - 1) * error * error / (error1 * error1 + error2 * error2);
	double z = (8 * freedom + 1) / (8 * freedom + 3) *
		   sqrt(freedom * log1p(difference * difference / error / freedom));

	return erfc(z / sqrt(2));
}
