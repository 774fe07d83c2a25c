/* SPDX-License-Identifier: Apache-2.0 */
/* draw.h - text on the screen of the live view. All text goes through here: it is escaped, and cut to its
 * columns. */
#ifndef HUD_LIVE_PANES_DRAW_H
#define HUD_LIVE_PANES_DRAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text-layout.h"
#include "judge/judge.h"

/* Sets up what the terminal can show; call it after the terminal is open. `colour`: use colours, if the
 * terminal has them. */
void pen_start(bool colour, bool utf8);
bool pen_utf8(void);

enum pen { PEN_PLAIN, PEN_STRONG, PEN_FAINT, PEN_OWN, PEN_WARNING, PEN_HEAD, PEN_BAR };

/* The ncurses attributes of a pen, and of a reason's colour, filled or not. */
unsigned long pen_style(enum pen pen);
unsigned long pen_reason(enum reason reason, bool filled);

/* Each writes raw `text` from a position on, in at most `columns` columns. Returns how many columns it
 * used. */
size_t pen_put(int row, int column, size_t columns, unsigned long style, const char *text);
size_t pen_put_as(int row, int column, size_t columns, unsigned long style, shortener *shorten,
		  const char *text);

/* Writes the text flush right in its columns. */
void pen_right(int row, int column, size_t columns, unsigned long style, const char *text);

/* Writes one cell, cheaply, as a screen has many: `glyph` is one of this program's own, is one column wide,
 * and is not escaped. */
void pen_cell(int row, int column, unsigned long style, const char *glyph);

/* Fills a row with blanks of a style. */
void pen_fill(int row, unsigned long style);

/* Shortens a file's path for a narrow column, down to its name. The caller frees the result. */
char *pen_shorten_place(const char *text, size_t columns, bool utf8);

/* Writes a function's name from `column` on, and its place in the source at the right end of the line. Both
 * texts are raw. */
void pen_where(int row, int column, unsigned long style, const char *name, const char *place);

/* A glyph for `value` relative to `most`. Zero is a blank. */
const char *pen_spark(uint64_t value, uint64_t most);

/* Draws a bar in `columns` cells. */
void pen_bar(int row, int column, size_t columns, unsigned long style, double share);

#endif
