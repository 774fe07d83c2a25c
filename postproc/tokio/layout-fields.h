/* SPDX-License-Identifier: Apache-2.0 */
/* layout-fields.h - a layout as named fields of a stream's `tokio` line (probes/README.md). */
#ifndef HUD_TOKIO_LAYOUT_FIELDS_H
#define HUD_TOKIO_LAYOUT_FIELDS_H

#include <stdbool.h>

#include "tokio/layout.h"

/* Returns "id-at=48 id-tag-at=0 ... how=DWARF", which the caller frees. */
char *tokio_layout_fields(const struct tokio_layout *layout);

/* Reads such fields in any order; ignores other names, and `how`. Returns false if one is missing or no
 * number. */
bool tokio_read(const char *fields, struct tokio_layout *layout);

#endif
