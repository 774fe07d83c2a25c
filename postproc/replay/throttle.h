/* SPDX-License-Identifier: Apache-2.0 */
/* throttle.h - when a control group's CPU quota kept the process from running, by the kernel's counters. */
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

/* Tracing begins: earlier throttling does not count. */
void throttle_begin(struct throttle *throttle);

/* Adds an event of kind EVENT_THROTTLED or EVENT_STEAL. */
void throttle_add(struct throttle *throttle, const struct event *e);

/* Was the process throttled for most of this time? */
bool throttle_covers(const struct throttle *throttle, uint64_t start, uint64_t end);

/* The sums so far, of the group that was throttled longest. The name belongs to the throttle. */
void throttle_sum(const struct throttle *throttle, struct quota *quota, uint64_t *steal);

#endif
