/* SPDX-License-Identifier: Apache-2.0 */
/* stack-walk.h - from a frame to its caller, by CFI or a frame pointer, and so on to the thread's start. */
#ifndef HUD_RESOLVE_UNWIND_STACK_WALK_H
#define HUD_RESOLVE_UNWIND_STACK_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolve/unwind/cfi-rows.h"
#include "resolve/unwind/tailcalls.h"
#include "resolve/unwind/unwind.h"

struct unwinder {
	struct space *space;
	const struct arch *arch;
	struct tailcalls *tailcalls;
	struct cfi_rows *rows;
};

/* Where unwinding stopped, or may go on. */
struct cursor {
	struct cfi_frame frame;
	bool interrupted; /* the frame has called nothing: its pc is no return address */
	size_t index;	  /* its index in the chain */
};

/* Unwinds from *at, whose frame is not in the chain yet, to the thread's start or as far as it can. *bare
 * becomes the first frame without CFI; its frame.pc is 0 if there is none. */
void stack_walk(struct unwinder *u, const struct raw_stack *stack, const struct cursor *at,
		struct chain *chain, struct cursor *bare);

/* The part of the copied words that holds the address: 0 is from sp up; -1: none. */
int stack_walk_part(const struct raw_stack *stack, uint64_t address);

#endif
