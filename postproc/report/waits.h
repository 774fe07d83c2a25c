/* SPDX-License-Identifier: Apache-2.0 */
/* waits.h - waits for a CPU, by the code that had to wait: for tables below a ranking. */
#ifndef HUD_REPORT_WAITS_H
#define HUD_REPORT_WAITS_H

#include "tally/model.h"

#define WAIT_CULPRITS 8

/* The waits of a function for one reason, in any task. */
struct wait {
	const struct blocker *of; /* the one with most time */
	uint64_t total, count, max;
	struct peer culprit[WAIT_CULPRITS]; /* who had the CPU, most time first */
	size_t culprits;
};

/* All waits of the model, the function with most of them first; *count of them. The caller frees the array;
 * what it points to belongs to the model. Exits the program when out of memory. */
struct wait *waits_of(const struct model *model, size_t *count);

/* Who had the CPU, if known: "stress-ng (process 977) 180 ms, others 18.0 ms". Raw text; the caller frees
 * it. */
char *waits_for_whom(const struct wait *wait);

#endif
