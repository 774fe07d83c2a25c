/* throttle.h - when a control group's CPU quota kept the process from running, from what was told of its counters. */
#ifndef HUD_REPLAY_THROTTLE_H
#define HUD_REPLAY_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

#include "stream/event.h"
#include "tally/model.h"

struct throttle;

/* Exits the program when out of memory. */
struct throttle *throttle_new(void);
void throttle_free(struct throttle *throttle);

/* Tracing begins: what was before does not count. */
void throttle_begin(struct throttle *throttle);

/* Takes a line of kind EVENT_THROTTLED or EVENT_STEAL. */
void throttle_add(struct throttle *throttle, const struct event *e);

/* Was the process throttled for most of this time? */
bool throttle_covers(const struct throttle *throttle, uint64_t start, uint64_t end);

/* What it came to so far: of the group that was throttled longest. Its name is the throttle's. */
void throttle_sum(const struct throttle *throttle, struct quota *quota, uint64_t *steal);

#endif
