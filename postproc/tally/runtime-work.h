/* SPDX-License-Identifier: Apache-2.0 */
/* runtime-work.h - how busy a runtime's workers were, from counts that are read once a second. */
#ifndef HUD_TALLY_RUNTIME_WORK_H
#define HUD_TALLY_RUNTIME_WORK_H

#include "tally/model.h"

#define RUNTIME_GAP_NS 3000000000u /* looks that are further apart say nothing about the time between them */

/* A worker's counts at one moment, since its runtime began. */
struct runtime_worked {
	uint64_t handle, index; /* of the runtime, and of the worker in it */
	long tid;		/* 0: not known */
	bool by_kernel;		/* as in struct runtime_worker */
	uint64_t parks, busy;	/* busy: ns */
	bool unparked;		/* it is known not to be parked */
};

struct runtime_work;

/* Exits the program when out of memory. */
struct runtime_work *runtime_work_new(void);
void runtime_work_free(struct runtime_work *work);

/* Adds the counts of one worker at `ns`, and updates what *sum says of workers. In order of time; the workers of one look
 * have the same time. Workers from number WORKERS_KEPT on are ignored. */
void runtime_work_add(struct runtime_work *work, uint64_t ns, const struct runtime_worked *worked,
		      struct runtime_sum *sum);

#endif
