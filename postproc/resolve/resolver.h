/* SPDX-License-Identifier: Apache-2.0 */
/* resolver.h - unwinding and names, in a process that may crash.
 *
 * The files that the target maps are hostile, and libraries parse them. So this is done in a process that can
 * only read and compute. It is started when first needed, and again when it has died; then the file that it
 * was reading is given up, and nothing else is lost. Each address and each copied stack is sent to it once.
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
	/* Runs first in the new process, and gives up its rights. NULL: no process, everything is done in
	 * this one. */
	int (*confine)(void);
	unsigned seconds; /* time limit of an answer; 0: the default */
};

/* Makes a resolver for a process on `arch`. Both arguments must outlive it; mappings may be added to `space`
 * later. Exits the program when out of memory. */
struct resolver *resolver_new(struct space *space, const struct arch *arch,
			      const struct resolver_options *options);
void resolver_free(struct resolver *r);

/* As space_add(). */
struct mapping;
void resolver_map(struct resolver *r, const struct mapping *mapping);

/* As unwind() with tailcalls_insert(), symbolize(), and unwind_is_start(). If that fails: a chain of the leaf
 * alone, marked as cut; a frame without a name; and false. */
void resolver_unwind(struct resolver *r, const struct raw_stack *stack, struct chain *chain);
const struct frames *resolver_frames(struct resolver *r, uint64_t pc);
bool resolver_is_start(struct resolver *r, uint64_t pc);

/* As tailcalls_insert(), for a chain from elsewhere. */
void resolver_insert_tail_calls(struct resolver *r, struct chain *chain);

/* Asks for the frames of `count` addresses at once, instead of one by one in resolver_frames(): most of the
 * time of an answer goes to waking the process. */
void resolver_prefetch(struct resolver *r, const uint64_t *pc, size_t count);

/* A file that stacks led to and that lacked something: the one at `index`, by when it was first seen; NULL past the last. *why is
 * what (NULL: nothing in the end). Both are the resolver's. *unread: nothing of the file could be used. */
const char *resolver_lacking(struct resolver *r, size_t index, const char **why, bool *unread);

/* The process that resolves now, 0 if none; and how many have died. */
pid_t resolver_pid(const struct resolver *r);
unsigned resolver_deaths(const struct resolver *r);

#endif
