/* seen-descriptors.h - on what workers slept, as it was seen now and then. Where the same function of the user's made the same system
 * call when nobody looked, it was on the same. */
#ifndef HUD_REPLAY_SEEN_DESCRIPTORS_H
#define HUD_REPLAY_SEEN_DESCRIPTORS_H

#include "judge/judge.h"
#include "stream/event.h"

struct seen_descriptors;

/* Exits the program when out of memory. */
struct seen_descriptors *seen_descriptors_new(void);
void seen_descriptors_free(struct seen_descriptors *seen);

/* Takes a line of kind EVENT_DESCRIPTOR. */
void seen_descriptors_add(struct seen_descriptors *seen, const struct event *e);

/* Sets what the sleep `e` was on, in *asleep, if that is known. `stack` may be NULL. */
void seen_descriptors_find(struct seen_descriptors *seen, const struct event *e, const struct verdict *stack,
			   struct asleep *asleep);

#endif
