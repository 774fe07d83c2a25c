/* unwind.h - from registers and copied stack words to the call chain, by CFI.
 *
 * Works on the target's .eh_frame (or .debug_frame) through libdw, with a cache of the rules found for each pc. Nothing
 * is read from the live process: what the stream does not hold is not known.
 */
#ifndef HUD_RESOLVE_UNWIND_UNWIND_H
#define HUD_RESOLVE_UNWIND_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arch;
struct space;

#define UNWIND_MAX_FRAMES 512

/* A copied user stack, as `stack` and `words` lines give it. */
struct raw_stack {
	uint64_t ip, sp, bp;  /* user registers; bp is the frame pointer, x29 on aarch64 */
	uint64_t lr;	      /* aarch64: x30, 0 if unknown. Not used on x86-64 */
	const uint64_t *word; /* the 64-bit words from sp up; 0 where the word was not kept */
	size_t words;
};

/* The call chain: machine frames only, leaf first. */
struct chain {
	size_t count;
	bool cut; /* the thread's start (a frame whose caller CFI calls undefined, or clone/_start) was not reached */
	bool too_few; /* cut, because the words end below what is needed */
	uint64_t pc
		[UNWIND_MAX_FRAMES]; /* address to look up: the leaf's and a signal frame's own, else return address - 1 */
};

struct unwinder;

/* Makes an unwinder over `space`, for a process on `arch`; both must outlive it. Exits the program when out of memory. */
struct unwinder *unwinder_new(struct space *space, const struct arch *arch);
void unwinder_free(struct unwinder *u);

/* Unwinds `stack` into *chain. Always gives at least the leaf (chain->count >= 1). Bounded: each step must move up the
 * stack, but for one out of a signal handler, which may have a stack of its own; and UNWIND_MAX_FRAMES ends it. */
void unwind(struct unwinder *u, const struct raw_stack *stack, struct chain *chain);

/* Is `pc` where a thread starts, which has no caller? For chains that are not this unwinder's. */
bool unwind_is_start(struct unwinder *u, uint64_t pc);

#endif
