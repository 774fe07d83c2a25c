/* SPDX-License-Identifier: Apache-2.0 */
/* look.h - reads a thread of the live process once, and checks whether a layout fits. */
#ifndef HUD_TOKIO_LOOK_H
#define HUD_TOKIO_LOOK_H

#include "target/memory-reader.h"
#include "tokio/layout.h"

#define TOKIO_TRIES 20		   /* to read a thread's memory while it does not change */
#define TOKIO_LOOKS_MS 100	   /* how long a layout from the table is checked */
#define TOKIO_UNSURE_MS 2000	   /* the same, until it is seen at work */
#define TOKIO_TICKS_MAX (1u << 24) /* polls between two reads */
#define TOKIO_CURRENT_INTERVAL                                                                               \
	31 /* default of a current-thread runtime: ticks until it looks at the global queue */

/* What a thread's memory shows. TOKIO_NOTHING: no scheduler now. */
enum tokio_match { TOKIO_NOTHING, TOKIO_AS_EXPECTED, TOKIO_NOT_AS_EXPECTED };

/* Reads `size` bytes at `addr` in process `pid`. Returns false unless it gets all. */
bool tokio_peek(pid_t pid, uint64_t addr, void *to, size_t size);

/* tokio_peek() of process *pid as a reader of memory. */
struct memory_reader tokio_memory(pid_t *pid);

/* Is `pointer` an Arc? Its value begins with two counts. */
bool tokio_is_arc(pid_t pid, uint64_t pointer);

/* Checks the thread whose thread pointer is `fs`. If the layout fits, *poll says what the thread does. */
enum tokio_match tokio_look(pid_t pid, uint64_t fs, const struct tokio_layout *layout,
			    struct tokio_poll *poll);

/* Waits as long as there should be between two looks. */
void tokio_pause(void);

#endif
