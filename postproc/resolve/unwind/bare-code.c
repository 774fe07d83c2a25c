/* SPDX-License-Identifier: Apache-2.0 */
/* bare-code.c - see bare-code.h. */
#include "resolve/unwind/bare-code.h"

#include <libiberty/libiberty.h>
#include <stdlib.h>

#include "resolve/elf/image.h"
#include "resolve/elf/symbols.h"
#include "resolve/unwind/cfiexpr.h"

#define BARE_FRAME 4096	    /* bytes of stack that are searched for a return address */
#define BARE_SIZE 4096	    /* bytes between functions that jump to each other, without symbols */
#define BARE_FAR (1u << 16) /* bytes from a frame to the next frame pointer */
#define BARE_DEPTH 8	    /* such functions in a row */
#define BARE_BUDGET 256	    /* return addresses tried for one stack */
#define BARE_SURE 4	    /* frames by CFI that confirm one in a short copy */
#define START_BUDGET 16	    /* return addresses tried for a thread's start */

/* How well a call on the stack must match the code that it called. */
enum fit {
	FIT_FUNCTION, /* it calls that function, or one that jumps there */
	FIT_BARE,     /* it calls code without CFI: without symbols, jumps between functions are not known */
	FIT_COUNT,
};

/* Can the call that returns to `ra` have led to the code at `pc`, which has no CFI? The target of an indirect
 * call is not known. */
static bool fits(struct unwinder *u, uint64_t ra, uint64_t pc, enum fit fit)
{
	struct module *module = space_executable(u->space, ra - 1) ? space_module(u->space, ra - 1) : NULL;
	uint64_t start = 0, end;

	if (!module || !module->dwfl || module != space_module(u->space, pc))
		return false;
	uint64_t target = tailcalls_called(u->tailcalls, ra);

	if (!target || !space_executable(u->space, target) || cfi_rows_at(u->rows, target)->found)
		return false;
	if (symbols_extent(module, pc, &start, &end))
		return start == target || tailcalls_lead(u->tailcalls, target, start);
	return fit == FIT_BARE || pc - target + BARE_SIZE < 2 * BARE_SIZE;
}

/* `call r/m64` is FF /2: Intel SDM, volume 2. */
bool bare_code_calls_indirectly(struct unwinder *u, uint64_t ra)
{
	static const struct {
		unsigned length;
		unsigned char mod; /* upper two bits of the second byte */
	} forms[] = {{2, 3}, {2, 0}, {3, 1}, {3, 0}, {4, 1}, {6, 2}, {7, 2}};
	struct module *module = space_executable(u->space, ra - 1) ? space_module(u->space, ra - 1) : NULL;

	for (size_t i = 0; module && module->dwfl && i < sizeof(forms) / sizeof(*forms); i++) {
		const unsigned char *code =
			image_bytes(image_of(module), ra - forms[i].length - module->bias, 2, NULL);

		if (code && code[0] == 0xff && (code[1] & 0x38) == 0x10 && code[1] >> 6 == forms[i].mod)
			return !tailcalls_called(u->tailcalls, ra);
	}
	return false;
}

/* May the function at `pc` return to `ra`? `kind`: candidates on a stack are tried by kind, the most likely
 * first. */
enum kind { KIND_DIRECT, KIND_INDIRECT, KIND_START, KIND_COUNT };

static bool may_return(struct unwinder *u, uint64_t ra, uint64_t pc, enum fit fit, enum kind kind)
{
	switch (kind) {
	case KIND_DIRECT:
		return fits(u, ra, pc, fit);
	case KIND_INDIRECT:
		return space_executable(u->space, ra - 1) && cfi_rows_at(u->rows, ra - 1)->found &&
		       bare_code_calls_indirectly(u, ra);
	default:
		return unwind_is_start(u, ra - 1);
	}
}

/* A search's state. */
struct search {
	struct unwinder *u;
	const struct raw_stack *stack;
	struct chain *chain;
	enum fit fit;
	bool short_copy; /* it may end where the copied words do */
	unsigned budget;
};

static bool search(struct search *s, const struct cursor *at, unsigned depth);

/* Did CFI lead from frame `index` far enough? */
static bool is_confirmed(const struct search *s, const struct cursor *bare, size_t index)
{
	return !s->chain->cut || (s->short_copy && s->chain->too_few && !bare->frame.pc &&
				  s->chain->count >= index + BARE_SURE);
}

/* Unwinds from the return address at `sp`, if it were that of the function at *at, with the caller's frame
 * pointer `fp`. */
static bool try_caller(struct search *s, const struct cursor *at, uint64_t sp, uint64_t fp, unsigned depth)
{
	struct cursor bare,
		caller = {.frame = {.pc = cfi_word(s->stack, sp), .sp = sp + 8, .low = sp + 8, .fp = fp},
			  .index = at->index + 1};

	if (s->budget == 0)
		return false;
	s->budget--;
	s->chain->pc[at->index] = at->interrupted ? at->frame.pc : at->frame.pc - 1;
	stack_walk(s->u, s->stack, &caller, s->chain, &bare);
	if (!is_confirmed(s, &bare, caller.index) &&
	    !(bare.frame.pc && depth < BARE_DEPTH && search(s, &bare, depth + 1)))
		return false;
	s->chain->pc[caller.index] |= CHAIN_FOUND;
	return true;
}

/* The same, also with each word as frame pointer that the function at *at may have saved. */
static bool try_callers(struct search *s, const struct cursor *at, uint64_t sp, unsigned depth)
{
	if (try_caller(s, at, sp, at->frame.fp, depth))
		return true;
	for (uint64_t saved = sp - 8; saved >= at->frame.sp && saved < sp; saved -= 8) {
		uint64_t fp = cfi_word(s->stack, saved);

		if (fp > sp && fp - sp < BARE_FAR && try_caller(s, at, sp, fp, depth))
			return true;
	}
	return false;
}

/* Searches the stack for the call of the function at *at, which has no CFI. Takes the one from which
 * unwinding reaches the thread's start; or the end of a short copy, if only that can be had. */
static bool search(struct search *s, const struct cursor *at, unsigned depth)
{
	uint64_t pc = at->interrupted ? at->frame.pc : at->frame.pc - 1, first = at->frame.sp, start, end;
	struct module *module = space_module(s->u->space, pc);
	bool named = module && symbols_extent(module, pc, &start, &end);

	for (enum kind kind = KIND_DIRECT; kind < KIND_COUNT; kind++) {
		/* Something else may fit better; and less than the thread's start confirms only a direct call. */
		if (kind != KIND_DIRECT && (s->short_copy || (!named && s->fit != FIT_BARE)))
			break;
		for (uint64_t sp = first; first && sp < first + BARE_FRAME && s->budget; sp += 8) {
			uint64_t ra = cfi_word(s->stack, sp);

			if (ra >= 8 && may_return(s->u, ra, pc, s->fit, kind) &&
			    try_callers(s, at, sp, depth))
				return true;
		}
	}
	return false;
}

bool bare_code_leads_to_start(struct unwinder *u, const struct raw_stack *stack, const struct cursor *bare,
			      struct chain *chain)
{
	struct search s = {u, stack, chain, FIT_FUNCTION, false, START_BUDGET};

	return !u->arch->has_lr && search(&s, bare, 0);
}

void bare_code_cross(struct unwinder *u, const struct raw_stack *stack, const struct cursor *bare,
		     struct chain *chain)
{
	static const struct {
		enum fit fit;
		bool short_copy;
	} pass[] = {{FIT_FUNCTION, false}, {FIT_BARE, false}, {FIT_FUNCTION, true}};
	struct chain *whole = xmemdup(chain, sizeof(*chain), sizeof(*chain));
	bool found = false;

	for (size_t i = 0; i < sizeof(pass) / sizeof(*pass) && !found; i++) {
		struct search s = {u, stack, whole, pass[i].fit, pass[i].short_copy, BARE_BUDGET};

		found = search(&s, bare, 0);
	}
	if (found)
		*chain = *whole;
	free(whole);
}
