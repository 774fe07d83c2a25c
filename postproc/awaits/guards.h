/* SPDX-License-Identifier: Apache-2.0 */
/* guards.h - locks that a suspended function may hold: guards and permits among its variables. */
#ifndef HUD_AWAITS_GUARDS_H
#define HUD_AWAITS_GUARDS_H

#include "awaits/awaits.h"
#include "awaits/leaf.h"
#include "awaits/value.h"
#include "base/arena.h"

/* Adds the guards of a frame to a task. */
void guards_add(struct target *target, const struct frame *frame, struct arena *memory,
		struct await_task *task);

#endif
