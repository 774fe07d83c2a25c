/* SPDX-License-Identifier: Apache-2.0 */
/* wakers.h - what ended a sleep: a thread that meant to, a timer, or another interrupt.
 *
 * The kernel reports as waker whatever ran on the CPU where the wake-up happened: a thread that a timer
 * interrupted there has nothing to do with it.
 */
#ifndef HUD_REPLAY_WAKERS_H
#define HUD_REPLAY_WAKERS_H

#include "stream/event.h"
#include "tally/block.h"

struct waker_facts {
	const struct event *event;    /* EVENT_SLEEP */
	const struct verdict *stack;  /* the waker's, or NULL */
	const char *syscall;	      /* of the sleep; "" or NULL as in a block */
	const struct verdict *asleep; /* stack of the sleep, or NULL */
	enum reason reason;	      /* of the sleep */
	long pid;		      /* the target */
	bool certain; /* the stream only names threads that woke on purpose: `meta wakers process` */
};

/* Sets block->peer; its comm is the event's or static. Leaves it empty if it is not known. Thread 0, named
 * `timer` or `interrupt`, is not a thread. */
void waker_find(const struct waker_facts *facts, struct block *block);

#endif
