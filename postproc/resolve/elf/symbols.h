/* symbols.h - a module's function symbols, sorted once: libdwfl's own lookup goes through all of them. */
#ifndef HUD_RESOLVE_ELF_SYMBOLS_H
#define HUD_RESOLVE_ELF_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

struct module;

/* The name of the function symbol that covers `pc` (target's space), as it is in the symbol table, or NULL.
 * The table (.symtab, else .dynsym) is read on the module's first call. `*start` (may be NULL) is where the
 * function begins. Owned by the module. */
const char *symbols_find(struct module *module, uint64_t pc, uint64_t *start);

/* The same symbol's extent: false if there is none. `*end` is behind its last byte. */
bool symbols_extent(struct module *module, uint64_t pc, uint64_t *start, uint64_t *end);

/* Calls `visit` with each function symbol, as it is in the symbol table, and where it begins (target's space), in order
 * of address; of several at one address only the plainest. */
void symbols_each(struct module *module, void (*visit)(void *context, const char *name, uint64_t start),
		  void *context);

/* The same without those of a debug file that the target may have made (module.foreign_debug). */
void symbols_each_own(struct module *module, void (*visit)(void *context, const char *name, uint64_t start),
		      void *context);

#endif
