/* SPDX-License-Identifier: Apache-2.0 */
/* table.h - the known layouts of Tokio in release builds, for executables without debug info. */
#ifndef HUD_TOKIO_TABLE_H
#define HUD_TOKIO_TABLE_H

#include <libelf.h>
#include <stdbool.h>
#include <stdint.h>

#include "tokio/layout.h"

/* Offsets from the symbol table: thread pointer minus these; 0: not known. */
struct tokio_variables {
	uint64_t tls_size;		       /* size of thread-local memory */
	uint64_t context;		       /* the variable with Tokio's context */
	uint64_t multi_thread, current_thread; /* the variables of its schedulers, up to 1.28 */
};

/* Does the file name a version of Tokio? */
bool tokio_version_is_in(Elf *elf);

/* The version of Tokio that the file names: 43001 for 1.43.1; 0 if it names none, or several. */
unsigned tokio_version(Elf *elf);

/* The layouts that fit the version of Tokio which the module names. Returns NULL, or why none is known
 * (static text). */
const char *tokio_table(Elf *elf, const struct tokio_variables *variables, struct tokio_layouts *layouts);

#endif
