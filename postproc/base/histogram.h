/* SPDX-License-Identifier: Apache-2.0 */
/* histogram.h - durations in log-linear buckets (as HdrHistogram): fixed size, 1/16 relative precision. */
#ifndef HUD_BASE_HISTOGRAM_H
#define HUD_BASE_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_SUB 16			     /* buckets per power of two */
#define HISTOGRAM_BUCKETS ((48 - 3) * HISTOGRAM_SUB) /* up to 2^48 ns: three days */

struct histogram {
	uint64_t count, max;
	uint32_t bucket[HISTOGRAM_BUCKETS];
};

/* Adds one duration in ns. Durations above the last bucket are counted in it; max is exact. */
void histogram_add(struct histogram *h, uint64_t ns);

/* The quantile `share` (0..1) in ns: the middle of its bucket, at most max; 0 if empty. */
uint64_t histogram_quantile(const struct histogram *h, double share);

/* The lowest duration in ns of bucket `i`. */
uint64_t histogram_bucket_low(size_t i);

#endif
