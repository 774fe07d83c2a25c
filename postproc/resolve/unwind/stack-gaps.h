/* SPDX-License-Identifier: Apache-2.0 */
/* stack-gaps.h - where a stack goes on that was copied with a gap, or that was left for another one: at the end that leads to the
 * thread's start. */
#ifndef HUD_RESOLVE_UNWIND_STACK_GAPS_H
#define HUD_RESOLVE_UNWIND_STACK_GAPS_H

#include <stdbool.h>

#include "resolve/unwind/stack-walk.h"

/* Is the caller of the chain's last frame in the gap between the words from sp up and the last part, or on another stack? */
bool stack_gap_ahead(const struct raw_stack *stack, const struct chain *chain);

/* Continues the chain behind the gap, to the thread's start. If that is not found, it stays as it is. */
void stack_gap_cross(struct unwinder *u, const struct raw_stack *stack, struct chain *chain);

#endif
