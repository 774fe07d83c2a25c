/* resolver.h - unwinding and names, in a process that may die of what it reads.
 *
 * The files that the target maps are hostile, and libraries read them. So a process that can do nothing but read and compute does
 * it: forked when it is first needed, and again when it has died. What it was reading then is given up, nothing else is lost. Each
 * address crosses from one process to the other once, and each copied stack.
 */
#ifndef HUD_RESOLVE_RESOLVER_H
#define HUD_RESOLVE_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "resolve/symbolize/frame.h"
#include "resolve/unwind/unwind.h"

struct space;
struct arch;
struct resolver;

struct resolver_options {
	/* What runs in the new process first, to give up its rights. NULL: there is none, all is done in this process. */
	int (*confine)(void);
	unsigned seconds; /* that one answer may take in all; 0: as the resolver thinks fit */
};

/* Makes one for a process on `arch`; both must outlive it, and mappings are added to `space` as they come. Exits the program when out
 * of memory. */
struct resolver *resolver_new(struct space *space, const struct arch *arch,
			      const struct resolver_options *options);
void resolver_free(struct resolver *r);

/* As space_add(). */
struct mapping;
void resolver_map(struct resolver *r, const struct mapping *mapping);

/* As unwind() with tailcalls_insert(), symbolize() and unwind_is_start(). What could not be resolved is a chain that is cut behind its leaf, a frame without
 * a name, and no start. */
void resolver_unwind(struct resolver *r, const struct raw_stack *stack, struct chain *chain);
const struct frames *resolver_frames(struct resolver *r, uint64_t pc);
bool resolver_is_start(struct resolver *r, uint64_t pc);

/* As tailcalls_insert(), for a chain that is not this unwinder's. */
void resolver_insert_tail_calls(struct resolver *r, struct chain *chain);

/* Asks for the frames of `count` addresses at once, where resolver_frames() would for each: most of what an answer takes is to wake
 * who gives it. */
void resolver_prefetch(struct resolver *r, const uint64_t *pc, size_t count);

/* A file that stacks led to and that lacked something: the one at `index`, by when it was first seen; NULL past the last. *why is
 * what (NULL: nothing in the end). Both are the resolver's. */
const char *resolver_lacking(struct resolver *r, size_t index, const char **why);

/* The process that resolves now, 0 if there is none; and how many have died. */
pid_t resolver_pid(const struct resolver *r);
unsigned resolver_deaths(const struct resolver *r);

#endif
