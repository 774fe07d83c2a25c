/* SPDX-License-Identifier: Apache-2.0 */
/* symbols.h - a module's function symbols, sorted once; libdwfl's own lookup searches linearly. */
#ifndef HUD_RESOLVE_ELF_SYMBOLS_H
#define HUD_RESOLVE_ELF_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

struct module;

/* The name of the function symbol that covers `pc` (an address in the target), as in the symbol table; NULL
 * if none does. Reads .symtab, otherwise .dynsym, on the module's first call. `*start` (may be NULL) is where
 * the function begins. Owned by the module. */
const char *symbols_find(struct module *module, uint64_t pc, uint64_t *start);

/* The range of the same symbol; returns false if there is none. `*end` is behind its last byte. */
bool symbols_extent(struct module *module, uint64_t pc, uint64_t *start, uint64_t *end);

/* Calls `visit` with each function symbol and its start (address in the target), in order of address; only
 * the plainest of several at one address. */
void symbols_each(struct module *module, void (*visit)(void *context, const char *name, uint64_t start),
		  void *context);

/* The same without symbols from a debug file that the target may have made (module.foreign_debug). */
void symbols_each_own(struct module *module, void (*visit)(void *context, const char *name, uint64_t start),
		      void *context);

#endif
