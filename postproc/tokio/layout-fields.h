/* layout-fields.h - a layout as the fields of a stream's `tokio` line, each with its name (probes/README.md). */
#ifndef HUD_TOKIO_LAYOUT_FIELDS_H
#define HUD_TOKIO_LAYOUT_FIELDS_H

#include <stdbool.h>

#include "tokio/layout.h"

/* "id-at=48 id-tag-at=0 ... how=DWARF", which the caller frees. */
char *tokio_layout_fields(const struct tokio_layout *layout);

/* Reads such fields, in any order; those with other names are passed over. False if one is missing, or is no number; but for
 * `how`, which is not read. */
bool tokio_read(const char *fields, struct tokio_layout *layout);

#endif
