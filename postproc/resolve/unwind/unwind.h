/* SPDX-License-Identifier: Apache-2.0 */
/* unwind.h - from registers and copied stack words to the call chain, by CFI.
 *
 * Reads the target's .eh_frame (or .debug_frame) with libdw, and caches the rules for each pc. Never reads
 * the live process: what the stream does not hold is not known.
 */
#ifndef HUD_RESOLVE_UNWIND_UNWIND_H
#define HUD_RESOLVE_UNWIND_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arch;
struct space;

#define UNWIND_MAX_FRAMES 512

/* Copied words, from `start` up. */
struct stack_part {
	uint64_t start;
	size_t words;
};

#define STACK_PARTS 5

/* A copied user stack, as `stack` and `words` lines give it. */
struct raw_stack {
	uint64_t ip, sp, bp;  /* user registers; bp is the frame pointer (x29 on aarch64) */
	uint64_t lr;	      /* aarch64: x30, 0 if unknown; not used on x86-64 */
	const uint64_t *word; /* 64-bit words from sp up; 0 for a word that was dropped */
	size_t words;
	/* Other parts, whose words follow those from sp up in this order: other stacks of the thread, and the
	 * end of its own. */
	struct stack_part part[STACK_PARTS];
	unsigned parts;
};

/* How many of the words are from sp up. */
size_t raw_stack_near(const struct raw_stack *stack);

/* The call chain: machine frames, leaf first. */
struct chain {
	size_t count;
	/* The thread's start was not reached (a frame whose caller is undefined by CFI, or clone/_start) */
	bool cut;
	bool elsewhere;	 /* cut where it continues on another stack, which was not copied */
	bool too_few;	 /* cut because the words end below `needed` */
	uint64_t needed; /* the address that the next step needs */
	/* Lookup addresses: the leaf's and signal frames' own pc, otherwise return address - 1. */
	uint64_t pc[UNWIND_MAX_FRAMES];
};

/* Flags in an address of a chain: it is a jump's, by which a function tail-called the one before it on the
 * chain. With CHAIN_ENTRY as well: it is the function's start, because it is not known which jump it was. */
#define CHAIN_TAIL_CALL (UINT64_C(1) << 63)
#define CHAIN_ENTRY (UINT64_C(1) << 61)
/* Flags in another address: no rule led there, a search of the stack did. */
#define CHAIN_FOUND (UINT64_C(1) << 63 | UINT64_C(1) << 60)

/* The same, behind a part of the stack that was not copied and whose frames are missing. */
#define CHAIN_BEYOND (CHAIN_FOUND | CHAIN_ENTRY)
/* In addresses without flags the two upper bits are equal: both are set in the kernel's half and the vsyscall
 * page. */
static inline bool chain_marked(uint64_t pc)
{
	return pc >> 62 == 2;
}

static inline bool chain_found(uint64_t pc)
{
	return chain_marked(pc) && (pc & CHAIN_FOUND) == CHAIN_FOUND;
}

static inline bool chain_tail_call(uint64_t pc)
{
	return chain_marked(pc) && !chain_found(pc);
}

static inline uint64_t chain_address(uint64_t pc)
{
	return chain_marked(pc) ? pc & ~(CHAIN_TAIL_CALL | CHAIN_ENTRY | CHAIN_FOUND) : pc;
}

static inline bool chain_beyond(uint64_t pc)
{
	return chain_marked(pc) && (pc & CHAIN_BEYOND) == CHAIN_BEYOND;
}

struct unwinder;

/* Makes an unwinder for a process on `arch`. Both arguments must outlive it. Exits the program when out of
 * memory. */
struct unwinder *unwinder_new(struct space *space, const struct arch *arch);
void unwinder_free(struct unwinder *u);

/* Unwinds `stack` into *chain, which always gets the leaf (chain->count >= 1). Ends: each step must move up
 * the stack, except out of a signal handler, which may have its own stack, and there are at most
 * UNWIND_MAX_FRAMES. */
void unwind(struct unwinder *u, const struct raw_stack *stack, struct chain *chain);

/* Does a thread start at `pc`, so that there is no caller? For chains from elsewhere. */
bool unwind_is_start(struct unwinder *u, uint64_t pc);

#endif
