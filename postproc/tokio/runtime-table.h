/* SPDX-License-Identifier: Apache-2.0 */
/* runtime-table.h - the known layouts of runtimes in release builds, for executables without debug info. */
#ifndef HUD_TOKIO_RUNTIME_TABLE_H
#define HUD_TOKIO_RUNTIME_TABLE_H

#include <libelf.h>

#include "tokio/runtime-layout.h"

/* The layouts that the version of Tokio in the file may have. Returns NULL, or why there are none (static
 * text). */
const char *runtime_table(Elf *elf, struct runtime_layouts *layouts);

/* The fields of a version (tokio_version()); NULL if they are not known. */
const int32_t *runtime_table_of(unsigned version);

#endif
