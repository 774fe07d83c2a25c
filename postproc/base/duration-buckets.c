/* SPDX-License-Identifier: Apache-2.0 */
/* duration-buckets.c - see duration-buckets.h. */
#include "base/duration-buckets.h"

#define S UINT64_C(1000000000) /* ns */

static const struct {
	uint64_t ns;
	const char *seconds;
} steps[DURATION_BUCKETS_STEPS] = {
	{S / 1000, "0.001"}, {S / 400, "0.0025"}, {S / 200, "0.005"}, {S / 100, "0.01"}, {S / 40, "0.025"},
	{S / 20, "0.05"},    {S / 10, "0.1"},	  {S / 4, "0.25"},    {S / 2, "0.5"},	 {S, "1"},
	{5 * S / 2, "2.5"},  {5 * S, "5"},	  {10 * S, "10"},
};

void duration_buckets_add(struct duration_buckets *buckets, uint64_t ns)
{
	buckets->count++;
	buckets->total += ns;
	for (unsigned i = DURATION_BUCKETS_STEPS; i-- > 0 && ns <= steps[i].ns;)
		buckets->upto[i]++;
}

const char *duration_buckets_step(unsigned step)
{
	return steps[step].seconds;
}
