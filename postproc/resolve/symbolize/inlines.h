/* SPDX-License-Identifier: Apache-2.0 */
/* inlines.h - the functions inlined into another one, and where. */
#ifndef HUD_RESOLVE_SYMBOLIZE_INLINES_H
#define HUD_RESOLVE_SYMBOLIZE_INLINES_H

#include <elfutils/libdw.h>
#include <stddef.h>

struct inlines;

/* Reads the inlined functions and blocks of `function`, at most `*limit` address ranges, and subtracts these
 * from *limit. The caller frees it with inlines_free(). */
struct inlines *inlines_read(Dwarf_Die *function, size_t *limit);

/* The inlined functions at `addr`, outermost first, at most `limit`. Returns how many. */
size_t inlines_at(const struct inlines *inlines, Dwarf_Addr addr, Dwarf_Die *chain, size_t limit);

/* NULL is ignored. */
void inlines_free(struct inlines *inlines);

#endif
