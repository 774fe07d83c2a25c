/* duration-buckets.h - how many durations are at most so long, exactly, for a few lengths: what Prometheus calls a histogram. */
#ifndef HUD_BASE_DURATION_BUCKETS_H
#define HUD_BASE_DURATION_BUCKETS_H

#include <stdint.h>

#define DURATION_BUCKETS_STEPS 13

struct duration_buckets {
	uint64_t count, total;		       /* of all; ns */
	uint64_t upto[DURATION_BUCKETS_STEPS]; /* of those that are as long as the step or shorter */
};

/* Adds one duration in ns. */
void duration_buckets_add(struct duration_buckets *buckets, uint64_t ns);

/* The length of a step, seconds in digits: "0.0025". Static. */
const char *duration_buckets_step(unsigned step);

#endif
