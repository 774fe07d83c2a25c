/* SPDX-License-Identifier: Apache-2.0 */
/* duration-buckets.h - exact counts of durations up to each of a few limits: what Prometheus calls a
 * histogram. */
#ifndef HUD_BASE_DURATION_BUCKETS_H
#define HUD_BASE_DURATION_BUCKETS_H

#include <stdint.h>

#define DURATION_BUCKETS_STEPS 13

struct duration_buckets {
	uint64_t count, total;		       /* of all durations; total in ns */
	uint64_t upto[DURATION_BUCKETS_STEPS]; /* durations up to the limit of this step */
};

/* Adds one duration in ns. */
void duration_buckets_add(struct duration_buckets *buckets, uint64_t ns);

/* The limit of a step in seconds, as text: "0.0025". Static. */
const char *duration_buckets_step(unsigned step);

#endif
