/* SPDX-License-Identifier: Apache-2.0 */
/* seen-descriptors.h - the descriptors on which workers were seen to sleep. If the same user function made
 * the same system call at another time, it is assumed to have used the same. */
#ifndef HUD_REPLAY_SEEN_DESCRIPTORS_H
#define HUD_REPLAY_SEEN_DESCRIPTORS_H

#include "judge/judge.h"
#include "stream/event.h"

struct seen_descriptors;

/* Exits the program when out of memory. */
struct seen_descriptors *seen_descriptors_new(void);
void seen_descriptors_free(struct seen_descriptors *seen);

/* Adds an event of kind EVENT_DESCRIPTOR. `syscall`: the call's name, or NULL. */
void seen_descriptors_add(struct seen_descriptors *seen, const struct event *e, const char *syscall);

/* Sets in *asleep the descriptor that the sleep `e` waited for, if it is known. `stack` may be NULL. */
void seen_descriptors_find(struct seen_descriptors *seen, const struct event *e, const struct verdict *stack,
			   struct asleep *asleep);

#endif
