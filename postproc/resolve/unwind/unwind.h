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

/* Words from `start` up. */
struct stack_part {
	uint64_t start;
	size_t words;
};

#define STACK_PARTS 5

/* A copied user stack, as `stack` and `words` lines give it. */
struct raw_stack {
	uint64_t ip, sp, bp;  /* user registers; bp is the frame pointer, x29 on aarch64 */
	uint64_t lr;	      /* aarch64: x30, 0 if unknown. Not used on x86-64 */
	const uint64_t *word; /* the 64-bit words from sp up; 0 where the word was not kept */
	size_t words;
	/* Other parts of the words, behind those from sp up and in this order: of other stacks that the thread goes on on, and of the end
	 * at which its own begins. */
	struct stack_part part[STACK_PARTS];
	unsigned parts;
};

/* How many of its words are from sp up. */
size_t raw_stack_near(const struct raw_stack *stack);

/* The call chain: machine frames only, leaf first. */
struct chain {
	size_t count;
	bool cut; /* the thread's start (a frame whose caller CFI calls undefined, or clone/_start) was not reached */
	bool elsewhere;	 /* cut, because it goes on on another stack, which was not copied */
	bool too_few;	 /* cut, because the words end below what is needed */
	uint64_t needed; /* where that is */
	uint64_t pc
		[UNWIND_MAX_FRAMES]; /* address to look up: the leaf's and a signal frame's own, else return address - 1 */
};

/* Added to an address of a chain: it is that of a jump, by which a function called the one before it on the chain and left it its
 * frame; with CHAIN_ENTRY as well, of the function's beginning, because which jump it was is not known. */
#define CHAIN_TAIL_CALL (UINT64_C(1) << 63)
#define CHAIN_ENTRY (UINT64_C(1) << 61)
/* Added to another: no rule led there, it was found by looking through the stack for a call that fits. */
#define CHAIN_FOUND (UINT64_C(1) << 63 | UINT64_C(1) << 60)

/* And to another: it was found so behind a part of the stack that was not copied, whose frames are missing. */
#define CHAIN_BEYOND (CHAIN_FOUND | CHAIN_ENTRY)
/* Of other addresses with the uppermost bit, the next one is set, too: the kernel's half, and the vsyscall page. */
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

/* Makes an unwinder over `space`, for a process on `arch`; both must outlive it. Exits the program when out of memory. */
struct unwinder *unwinder_new(struct space *space, const struct arch *arch);
void unwinder_free(struct unwinder *u);

/* Unwinds `stack` into *chain. Always gives at least the leaf (chain->count >= 1). Bounded: each step must move up the
 * stack, but for one out of a signal handler, which may have a stack of its own; and UNWIND_MAX_FRAMES ends it. */
void unwind(struct unwinder *u, const struct raw_stack *stack, struct chain *chain);

/* Is `pc` where a thread starts, which has no caller? For chains that are not this unwinder's. */
bool unwind_is_start(struct unwinder *u, uint64_t pc);

#endif
