/* SPDX-License-Identifier: Apache-2.0 */
/* tailcalls.h - finds functions that made a tail call, so that their frames are missing on the stack.
 *
 * If a function ends in a call, an optimiser makes that a jump, and the function's frame is gone while the
 * other one runs. But the call instruction in its caller still names it.
 */
#ifndef HUD_RESOLVE_UNWIND_TAILCALLS_H
#define HUD_RESOLVE_UNWIND_TAILCALLS_H

#include <stdbool.h>
#include <stdint.h>

struct arch;
struct chain;
struct space;
struct tailcalls;

/* For a process on `arch`; both must outlive it. Exits the program when out of memory. */
struct tailcalls *tailcalls_new(struct space *space, const struct arch *arch);
void tailcalls_free(struct tailcalls *tailcalls);

/* Inserts the functions that tail calls have taken off the chain, if there is no doubt: the target of a
 * direct call, and the functions that it leads to by jumps, if there is only one path. Their addresses have
 * CHAIN_TAIL_CALL (unwind.h). */
void tailcalls_insert(struct tailcalls *tailcalls, struct chain *chain);

/* The target of the call that returns to `ra`, from its code or the table of addresses that it uses; 0: not
 * known. It may be any address. */
uint64_t tailcalls_called(struct tailcalls *tailcalls, uint64_t ra);

/* Do jumps lead from the function that begins at `from` to the one that begins at `to`? */
bool tailcalls_lead(struct tailcalls *tailcalls, uint64_t from, uint64_t to);

#endif
