/* look.h - one look at the memory of a live process: is what should be there by a layout of Tokio's? */
#ifndef HUD_TOKIO_LOOK_H
#define HUD_TOKIO_LOOK_H

#include "tokio/layout.h"

#define TOKIO_TRIES 20		   /* to see a thread's memory while it does not change */
#define TOKIO_LOOKS_MS 100	   /* for so long what is from a table is looked at */
#define TOKIO_UNSURE_MS 2000	   /* or until it was seen to work, for so long */
#define TOKIO_TICKS_MAX (1u << 24) /* polls between two looks */
#define TOKIO_CURRENT_INTERVAL 31  /* ticks until the queue of all is looked at, current-thread, if not set */

/* What a thread's memory shows. NOTHING: there is no scheduler at this moment. */
enum tokio_match { TOKIO_NOTHING, TOKIO_AS_EXPECTED, TOKIO_NOT_AS_EXPECTED };

/* Reads `size` bytes at `addr`, in the space of process `pid`. False if they cannot all be had. */
bool tokio_peek(pid_t pid, uint64_t addr, void *to, size_t size);

/* Is `pointer` an Arc? Its value begins with its two counts. */
bool tokio_is_arc(pid_t pid, uint64_t pointer);

/* Looks at the thread whose thread pointer is `fs`. If all is as expected, *poll tells what it does. */
enum tokio_match tokio_look(pid_t pid, uint64_t fs, const struct tokio_layout *layout,
			    struct tokio_poll *poll);

/* Waits for as long as is between two looks. */
void tokio_pause(void);

#endif
