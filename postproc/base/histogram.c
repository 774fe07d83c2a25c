/* SPDX-License-Identifier: Apache-2.0 */
/* histogram.c - durations in log-linear buckets. */
#include "base/histogram.h"

#define SUB_BITS 4

/* Durations below 2*SUB have a bucket each. Above, the exponent selects the row, and the next 4 bits the
 * bucket in it. */
static size_t bucket_of(uint64_t ns)
{
	if (ns < 2 * HISTOGRAM_SUB)
		return ns;
	unsigned top = 63 - (unsigned)__builtin_clzll(ns);
	size_t i = (top - SUB_BITS) * HISTOGRAM_SUB + (ns >> (top - SUB_BITS));

	return i < HISTOGRAM_BUCKETS ? i : HISTOGRAM_BUCKETS - 1;
}

uint64_t histogram_bucket_low(size_t i)
{
	if (i < 2 * HISTOGRAM_SUB)
		return i;
	unsigned shift = (unsigned)(i / HISTOGRAM_SUB) - 1;

	return (uint64_t)(HISTOGRAM_SUB + i % HISTOGRAM_SUB) << shift;
}

void histogram_add(struct histogram *h, uint64_t ns)
{
	h->bucket[bucket_of(ns)]++;
	h->count++;
	if (ns > h->max)
		h->max = ns;
}

uint64_t histogram_quantile(const struct histogram *h, double share)
{
	if (h->count == 0)
		return 0;
	uint64_t rank = (uint64_t)(share * (double)h->count);
	uint64_t seen = 0;

	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += h->bucket[i];
		if (seen > rank) {
			uint64_t middle = (histogram_bucket_low(i) + histogram_bucket_low(i + 1)) / 2;

			return middle < h->max ? middle : h->max;
		}
	}
	return h->max;
}
