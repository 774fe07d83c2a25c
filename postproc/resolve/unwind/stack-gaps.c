/* SPDX-License-Identifier: Apache-2.0 */
/* stack-gaps.c - see stack-gaps.h. */
#include "resolve/unwind/stack-gaps.h"

#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "resolve/elf/symbols.h"
#include "resolve/unwind/bare-code.h"
#include "resolve/unwind/cfiexpr.h"

#define REST_BUDGET 2048 /* words tried behind a gap in the copy */

/* A single frame may be larger than all that is copied. */
bool stack_gap_ahead(const struct raw_stack *stack, const struct chain *chain)
{
	uint64_t end = stack->sp + 8 * raw_stack_near(stack);

	return stack->parts && (chain->elsewhere || (chain->too_few && chain->needed >= end &&
						     chain->needed < stack->part[stack->parts - 1].start));
}

/* Does the word at `slot`, behind the gap, look like a return address from which CFI leads to the thread's
 * start? Then the chain gets its frames, from `index` on. */
static bool leads_to_start(struct unwinder *u, const struct raw_stack *stack, uint64_t slot, size_t index,
			   struct chain *chain)
{
	uint64_t ra = cfi_word(stack, slot), fp = cfi_word(stack, slot - 8);
	struct cursor bare, caller = {.frame = {.pc = ra, .sp = slot + 8, .low = slot + 8}, .index = index};

	/* The callee may have pushed the frame pointer first. */
	if (fp > slot && stack_walk_part(stack, fp) > 0)
		caller.frame.fp = fp;
	if (ra < 8 || !space_executable(u->space, ra - 1) || !cfi_rows_at(u->rows, ra - 1)->found ||
	    !(tailcalls_called(u->tailcalls, ra) || bare_code_calls_indirectly(u, ra)))
		return false;
	stack_walk(u, stack, &caller, chain, &bare);
	if (!bare.frame.pc || !chain->cut)
		return !bare.frame.pc && !chain->cut;
	/* musl starts threads by code without CFI, too. */
	return bare_code_leads_to_start(u, stack, &bare, chain);
}

/* The first function that ran on a stack, if it has a name: it switches stacks. 0: not known. */
static uint64_t switches_stacks(struct unwinder *u, const struct chain *chain)
{
	uint64_t pc = chain_address(chain->pc[chain->count - 1]), start, end;
	struct module *module = chain->elsewhere ? space_module(u->space, pc) : NULL;

	return module && module->dwfl && symbols_extent(module, pc, &start, &end) ? start : 0;
}

/* Finds the lowest return address behind the gap from which CFI leads to the thread's start. `function`: only
 * of a call of this one; 0: of any. The chain gets its frames, from `index` on. */
static bool search_rest(struct unwinder *u, const struct raw_stack *stack, uint64_t function, size_t index,
			struct chain *chain)
{
	const struct stack_part *rest = &stack->part[stack->parts - 1];

	for (size_t i = 0, tried = 0; i < rest->words && tried < REST_BUDGET; i++) {
		uint64_t word = cfi_word(stack, rest->start + 8 * i);

		tried += word != 0;
		if (word >= 8 &&
		    (!function || (space_executable(u->space, word - 1) &&
				   tailcalls_called(u->tailcalls, word) == function)) &&
		    leads_to_start(u, stack, rest->start + 8 * i, index, chain))
			return true;
	}
	return false;
}

/* Where a stack was switched the same way; or at the lowest return address which a lower one leads to by CFI, as a single word
 * may be left over from an earlier call. */
void stack_gap_cross(struct unwinder *u, const struct raw_stack *stack, struct chain *chain)
{
	struct chain *whole = xmemdup(chain, sizeof(*chain), sizeof(*chain));
	uint64_t function = switches_stacks(u, chain);
	size_t index = chain->count;
	bool room = index + 2 < UNWIND_MAX_FRAMES;

	if (room && function && search_rest(u, stack, function, index, whole)) {
		whole->pc[index] |= CHAIN_BEYOND;
		*chain = *whole;
	} else if (room && search_rest(u, stack, 0, index, whole) && whole->count >= index + 2) {
		/* The first address only confirms the second. */
		memmove(&whole->pc[index], &whole->pc[index + 1],
			(--whole->count - index) * sizeof(*whole->pc));
		whole->pc[index] |= CHAIN_BEYOND;
		*chain = *whole;
	}
	free(whole);
}
