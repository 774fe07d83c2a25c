/* tailcalls.h - the functions that left their frame to the one that they called last.
 *
 * Where a function ends in a call, an optimiser makes a jump of it, and its frame is gone when the other runs. But the call
 * instruction in its caller still names it.
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

/* Inserts into the chain the functions that are not on it, as far as that is beyond doubt: the one that a direct call names, and
 * those that it leads to by jumps, if there is only one way. Their addresses have CHAIN_TAIL_CALL (unwind.h). */
void tailcalls_insert(struct tailcalls *tailcalls, struct chain *chain);

/* What was called by the call that returns to `ra`, as its code, or the table of addresses that it calls through, tells; 0: neither
 * does. It may be any address. */
uint64_t tailcalls_called(struct tailcalls *tailcalls, uint64_t ra);

/* Do jumps lead from the function that begins at `from` to the one that begins at `to`? */
bool tailcalls_lead(struct tailcalls *tailcalls, uint64_t from, uint64_t to);

#endif
