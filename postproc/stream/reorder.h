/* reorder.h - events in order of time, from lines that come nearly so. */
#ifndef HUD_STREAM_REORDER_H
#define HUD_STREAM_REORDER_H

#include "stream/event.h"

/* More than so many events are not held back: a stream whose time stands still must not fill the memory. */
#define REORDER_MOST 262144

struct reorder;

/* Exits the program when out of memory. */
struct reorder *reorder_new(void);
void reorder_free(struct reorder *r);

/* Takes a copy of an event, with the name of the other party and its text; none of its other strings. */
void reorder_add(struct reorder *r, const struct event *e);

/* The earliest event, if it is not later than `ns` (on its own clock) or there are too many; else NULL. Valid until the next call
 * of either. */
const struct event *reorder_next(struct reorder *r, uint64_t ns);

#endif
