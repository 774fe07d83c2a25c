/* inlines.h - what is inlined into one function, where. */
#ifndef HUD_RESOLVE_SYMBOLIZE_INLINES_H
#define HUD_RESOLVE_SYMBOLIZE_INLINES_H

#include <elfutils/libdw.h>
#include <stddef.h>

struct inlines;

/* Reads the inlined functions and blocks of `function`, at most `*limit` ranges of addresses, and takes what there are off
 * that. The caller's: inlines_free(). */
struct inlines *inlines_read(Dwarf_Die *function, size_t *limit);

/* The inlined functions at `addr`, outermost first: at most `limit` entries. Returns how many. */
size_t inlines_at(const struct inlines *inlines, Dwarf_Addr addr, Dwarf_Die *chain, size_t limit);

/* Frees it; NULL is fine. */
void inlines_free(struct inlines *inlines);

#endif
