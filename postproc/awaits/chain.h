/* SPDX-License-Identifier: Apache-2.0 */
/* chain.h - the walk from a future to what it waits for. */
#ifndef HUD_AWAITS_CHAIN_H
#define HUD_AWAITS_CHAIN_H

#include "awaits/awaits.h"
#include "awaits/value.h"

/* A task of which nothing is known yet. The caller frees it by awaits_task_free(). */
struct await_task *await_task_new(void);

/* Walks from the future of a task, and fills in root, nodes, guards and held. Sets status if the future itself
 * was not polled, has ended, or cannot be read. */
void chain_walk(struct target *target, const struct value *future, struct await_task *task);

#endif
