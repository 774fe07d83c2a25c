/* tokio-table.h - the layouts that Tokio has had in release builds, for an executable without debug info. */
#ifndef HUD_TOKIO_TABLE_H
#define HUD_TOKIO_TABLE_H

#include <libelf.h>
#include <stdint.h>

#include "tokio.h"

/* What the symbol table says. Thread pointer minus these; 0: not known. */
struct tokio_places {
	uint64_t tls_size; /* of thread-local memory */
	uint64_t context,
		multi_thread; /* the variables that Tokio keeps its context and, up to 1.28, its scheduler in */
};

/* The layouts that the executable may have by the version of Tokio that it names. Returns NULL, or why none is known (static
 * text). */
const char *tokio_table(Elf *elf, const struct tokio_places *places, struct tokio_layouts *layouts);

#endif
