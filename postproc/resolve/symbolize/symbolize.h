/* SPDX-License-Identifier: Apache-2.0 */
/* symbolize.h - from a code address to the functions at it.
 *
 * Each address is looked up once. The result belongs to the cache, and lives as long as that.
 */
#ifndef HUD_RESOLVE_SYMBOLIZE_SYMBOLIZE_H
#define HUD_RESOLVE_SYMBOLIZE_SYMBOLIZE_H

#include <stdint.h>

struct space;

struct symbolizer;

/* Makes a symbolizer over `space`, which must outlive it. Exits the program when out of memory. */
struct symbolizer *symbolizer_new(struct space *space);
void symbolizer_free(struct symbolizer *s);

/* The functions at `pc`: the exact byte to look up, in the target. Callers pass return address - 1 for every
 * frame but the leaf, and the flags CHAIN_TAIL_CALL and CHAIN_ENTRY of a chain. Never NULL: an address
 * without a name has one frame whose function is NULL. Owned by the symbolizer. */
const struct frames *symbolize(struct symbolizer *s, uint64_t pc);

#endif
