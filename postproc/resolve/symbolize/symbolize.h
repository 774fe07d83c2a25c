/* symbolize.h - from a code address to the functions it stands in.
 *
 * The resolving half of the flow's "resolve" step. Every address is looked up once; what comes back is
 * owned by the cache and lives as long as it does.
 */
#ifndef HUD_RESOLVE_SYMBOLIZE_SYMBOLIZE_H
#define HUD_RESOLVE_SYMBOLIZE_SYMBOLIZE_H

#include <stdint.h>

struct space;

struct symbolizer;

/* Makes a symbolizer over `space`, which must outlive it. Exits the program when out of memory. */
struct symbolizer *symbolizer_new(struct space *space);
void symbolizer_free(struct symbolizer *s);

/* The functions at `pc` (address in the target's space, the exact byte to look up: callers pass the return
 * address minus 1 for every frame but the leaf, and CHAIN_TAIL_CALL and CHAIN_ENTRY as a chain has them). Never NULL: an address without a name has one frame with
 * function NULL. Owned by the symbolizer. */
const struct frames *symbolize(struct symbolizer *s, uint64_t pc);

#endif
