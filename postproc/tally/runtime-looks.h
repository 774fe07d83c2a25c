/* SPDX-License-Identifier: Apache-2.0 */
/* runtime-looks.h - what the runtimes of a process said of themselves, once a second. */
#ifndef HUD_TALLY_RUNTIME_LOOKS_H
#define HUD_TALLY_RUNTIME_LOOKS_H

#include "tally/model.h"
#include "tally/runtime-work.h"

/* A runtime's figures at one moment. */
struct runtime_look {
	uint64_t handle; /* tells runtimes apart */
	bool multi_thread;
	uint64_t workers;
	uint64_t number[RUNTIME_NUMBERS]; /* UINT64_MAX: not known */
	const char *name;		  /* raw bytes; "": none; copied */
};

struct runtime_looks;

/* Exits the program when out of memory. */
struct runtime_looks *runtime_looks_new(void);
void runtime_looks_free(struct runtime_looks *runtimes);

/* Adds what a runtime said at `ns`. In order of time for each runtime. Beyond RUNTIMES_KEPT runtimes, new ones are
 * ignored. */
void runtime_looks_add(struct runtime_looks *runtimes, uint64_t ns, const struct runtime_look *look);

/* Adds what a worker had done at `ns`, if its runtime is known. In order of time for each. */
void runtime_looks_worked(struct runtime_looks *runtimes, uint64_t ns, const struct runtime_worked *worked);

/* Adds where a thread of the runtime's pool stood; the runtime need not be known yet. */
void runtime_looks_pooled(struct runtime_looks *runtimes, uint64_t handle, const struct pool_stand *thread);

/* All of them so far, in the order in which they came; they belong to `runtimes`. */
const struct runtime_sum *runtime_looks_all(struct runtime_looks *runtimes, size_t *count);

#endif
