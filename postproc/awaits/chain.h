/* SPDX-License-Identifier: Apache-2.0 */
/* chain.h - the walk from a future to what it waits for. */
#ifndef HUD_AWAITS_CHAIN_H
#define HUD_AWAITS_CHAIN_H

#include "awaits/awaits.h"
#include "awaits/value.h"
#include "base/arena.h"

/* Walks from the future of a task, and fills in root, nodes, guards and held. Sets status if the future itself
 * was not polled, has ended, or cannot be read. What it makes is in `memory`. */
void chain_walk(struct target *target, const struct value *future, struct arena *memory,
		struct await_task *task);

#endif
