/* table.h - the layouts that Tokio has had in release builds, for an executable without debug info. */
#ifndef HUD_TOKIO_TABLE_H
#define HUD_TOKIO_TABLE_H

#include <libelf.h>
#include <stdbool.h>
#include <stdint.h>

#include "tokio/layout.h"

/* What the symbol table says. Thread pointer minus these; 0: not known. */
struct tokio_variables {
	uint64_t tls_size;		       /* of thread-local memory */
	uint64_t context;		       /* the variable that Tokio keeps its context in */
	uint64_t multi_thread, current_thread; /* those that have its schedulers, up to 1.28 */
};

/* Does it name a version of Tokio? */
bool tokio_version_is_in(Elf *elf);

/* The layouts that the module may have by the version of Tokio that it names. Returns NULL, or why none is known (static
 * text). */
const char *tokio_table(Elf *elf, const struct tokio_variables *variables, struct tokio_layouts *layouts);

#endif
