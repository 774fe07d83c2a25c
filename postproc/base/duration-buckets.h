/* duration-buckets.h - how many durations are at most so long, exactly, for a few lengths: what Prometheus calls a histogram. */
#ifndef HUD_BASE_DURATION_BUCKETS_H
#define HUD_BASE_DURATION_BUCKETS_H

#include <stdint.h>

#define LADDER_STEPS 13

struct ladder {
	uint64_t count, total;	     /* of all; ns */
	uint64_t upto[LADDER_STEPS]; /* of those that are as long as the step or shorter */
};

/* Adds one duration in ns. */
void ladder_add(struct ladder *ladder, uint64_t ns);

/* The length of a step, seconds in digits: "0.0025". Static. */
const char *ladder_step(unsigned step);

#endif
