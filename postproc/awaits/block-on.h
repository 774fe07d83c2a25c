/* SPDX-License-Identifier: Apache-2.0 */
/* block-on.h - finds the future that a thread polls in Tokio's block_on, on its stack. */
#ifndef HUD_AWAITS_BLOCK_ON_H
#define HUD_AWAITS_BLOCK_ON_H

#include "awaits/awaits.h"
#include "awaits/peek.h"
#include "awaits/type.h"

/* Searches [start, end) of a stack as awaits_of_stack() says: for the types of the module that has `types`. */
struct await_task *block_on_find(struct types *types, struct peek *peek, uint64_t start, uint64_t end,
				 await_believe *believe, void *arg);

#endif
