/* SPDX-License-Identifier: Apache-2.0 */
/* source.h - the source lines around a blocker, where the source is available. */
#ifndef HUD_LIVE_PANES_SOURCE_H
#define HUD_LIVE_PANES_SOURCE_H

#include <stddef.h>

#define LIVE_SOURCE_LINES 7

/* Starts the process that opens source files; call it before rights are given up. Returns 0, or -1 after a
 * message. */
int live_source_start(void);
void live_source_end(void);

/* Lines of `file`, with `line` in the middle: *first is the number of the first one, *count how many there
 * are. They are raw, without tabs and line ends, and valid until the next call. NULL if the source is not
 * available. */
char *const *live_source(const char *file, unsigned line, unsigned *first, size_t *count);

#endif
