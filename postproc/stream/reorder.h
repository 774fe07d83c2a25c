/* SPDX-License-Identifier: Apache-2.0 */
/* reorder.h - puts events in order of time; lines are nearly in order. */
#ifndef HUD_STREAM_REORDER_H
#define HUD_STREAM_REORDER_H

#include "stream/event.h"

/* The most events that are held back: a stream whose time stands still must not fill the memory. */
#define REORDER_MOST 262144

struct reorder;

/* Exits the program when out of memory. */
struct reorder *reorder_new(void);
void reorder_free(struct reorder *r);

/* Copies an event, with the other thread's name and its text, but no other strings. */
void reorder_add(struct reorder *r, const struct event *e);

/* The earliest event if it is not later than `ns` (in event time), or there are too many; otherwise NULL.
 * Valid until the next call of either function. */
const struct event *reorder_next(struct reorder *r, uint64_t ns);

#endif
