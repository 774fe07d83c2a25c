/* wakers.h - who ended a sleep: a thread that meant to, a timer, or another interrupt.
 *
 * The kernel's waker is whoever ran on the CPU where the wake-up was: a thread that a timer interrupted there has nothing to do with it.
 */
#ifndef HUD_REPLAY_WAKERS_H
#define HUD_REPLAY_WAKERS_H

#include "stream/event.h"
#include "tally/block.h"

struct waker_facts {
	const struct event *event;    /* EVENT_SLEEP */
	const struct verdict *stack;  /* the waker's, or NULL */
	const char *syscall;	      /* what the sleep was in; "" or NULL as in a block */
	const struct verdict *asleep; /* the stack of the sleep, or NULL */
	enum reason reason;	      /* of the sleep */
	long pid;		      /* the target */
	bool certain; /* the stream names only threads that woke on purpose: `meta wakers process` */
};

/* Sets block->party, whose comm is the event's or static; leaves it empty if nobody knows. Thread 0, named `timer` or `interrupt`, is
 * no thread. */
void waker_find(const struct waker_facts *facts, struct block *block);

#endif
