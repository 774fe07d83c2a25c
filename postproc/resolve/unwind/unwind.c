/* SPDX-License-Identifier: Apache-2.0 */
/* unwind.c - see unwind.h. */
#include "resolve/unwind/unwind.h"

#include <libiberty/libiberty.h>
#include <stdlib.h>

#include "resolve/unwind/bare-code.h"
#include "resolve/unwind/stack-gaps.h"
#include "resolve/unwind/stack-walk.h"

struct unwinder *unwinder_new(struct space *space, const struct arch *arch)
{
	struct unwinder *u = xcalloc(1, sizeof(*u));

	u->space = space;
	u->arch = arch;
	u->tailcalls = tailcalls_new(space, arch);
	u->rows = cfi_rows_new(space, arch);
	return u;
}

void unwinder_free(struct unwinder *u)
{
	if (!u)
		return;
	cfi_rows_free(u->rows);
	tailcalls_free(u->tailcalls);
	free(u);
}

void unwind(struct unwinder *u, const struct raw_stack *stack, struct chain *chain)
{
	struct cursor leaf = {.frame = {.pc = stack->ip,
					.sp = stack->sp,
					.fp = stack->bp,
					.lr = stack->lr,
					.low = stack->sp},
			      .interrupted = true},
		      bare;

	stack_walk(u, stack, &leaf, chain, &bare);
	if (chain->cut && stack_gap_ahead(stack, chain))
		stack_gap_cross(u, stack, chain);
	if (!chain->cut || !bare.frame.pc || u->arch->has_lr || !space_module(u->space, bare.frame.pc))
		return;
	bare_code_cross(u, stack, &bare, chain);
	if (chain->cut && stack_gap_ahead(stack, chain))
		stack_gap_cross(u, stack, chain);
}
