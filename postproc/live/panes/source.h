/* source.h - the lines of source around a blocker, where the source is at hand. */
#ifndef HUD_LIVE_PANES_SOURCE_H
#define HUD_LIVE_PANES_SOURCE_H

#include <stddef.h>

#define LIVE_SOURCE_LINES 7

/* Starts the process that opens source files, before rights are given up. Returns 0, or -1 after a message. */
int live_source_start(void);
void live_source_end(void);

/* Some lines of `file` with `line` in their middle, of which *first is the number of the first and *count how many; raw, without
 * tabs and ends. NULL: it is not at hand. What it points to is good until the next call. */
char *const *live_source(const char *file, unsigned line, unsigned *first, size_t *count);

#endif
