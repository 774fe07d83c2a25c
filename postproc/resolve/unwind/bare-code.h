/* SPDX-License-Identifier: Apache-2.0 */
/* bare-code.h - callers of code with neither CFI nor a frame pointer, as musl's own in a static program: searches the stack for
 * the return address. Only for architectures whose calls push it. */
#ifndef HUD_RESOLVE_UNWIND_BARE_CODE_H
#define HUD_RESOLVE_UNWIND_BARE_CODE_H

#include <stdbool.h>
#include <stdint.h>

#include "resolve/unwind/stack-walk.h"

/* Continues the chain behind such code, at *bare: to the thread's start, or to where the copy ends. If neither is found, the
 * chain stays as it is. */
void bare_code_cross(struct unwinder *u, const struct raw_stack *stack, const struct cursor *bare,
		     struct chain *chain);

/* The same to the thread's start only, and with fewer tries. False if that is not found; then the chain's frames from *bare on
 * mean nothing. */
bool bare_code_leads_to_start(struct unwinder *u, const struct raw_stack *stack, const struct cursor *bare,
			      struct chain *chain);

/* Does the code before `ra` call through a register or memory? */
bool bare_code_calls_indirectly(struct unwinder *u, uint64_t ra);

#endif
