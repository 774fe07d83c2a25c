/* draw.h - text on the live view's screen: every text passes here, is escaped, and cut to the columns that it may take. */
#ifndef HUD_LIVE_PANES_DRAW_H
#define HUD_LIVE_PANES_DRAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text-layout.h"
#include "judge/judge.h"

/* What the terminal can show. After the terminal is open. `colour`: if it has any. */
void pen_start(bool colour, bool utf8);
bool pen_utf8(void);

enum pen { PEN_PLAIN, PEN_STRONG, PEN_FAINT, PEN_OWN, PEN_WARNING, PEN_HEAD, PEN_BAR };

/* The attributes of ncurses for it; a reason has its colour, filled or not. */
unsigned long pen_style(enum pen pen);
unsigned long pen_reason(enum reason reason, bool filled);

/* Each begins at a place, and writes raw `text` in at most `columns` columns. Returns how many it took. */
size_t pen_put(int row, int column, size_t columns, unsigned long style, const char *text);
size_t pen_put_as(int row, int column, size_t columns, unsigned long style, shortener *shorten,
		  const char *text);

/* At their right end. */
void pen_right(int row, int column, size_t columns, unsigned long style, const char *text);

/* One cell, of which there are many: `glyph` is this program's own, a column wide, and not escaped. */
void pen_cell(int row, int column, unsigned long style, const char *glyph);

/* Blanks, of a style. */
void pen_fill(int row, int column, size_t columns, unsigned long style);

/* Shortens a path of names at its front, so that whole ones stay, and a file's path to its name: what a column without much room
 * can show. They are shorteners. */
char *pen_shorten_name(const char *text, size_t columns, bool utf8);
char *pen_shorten_place(const char *text, size_t columns, bool utf8);

/* A function's name from `column` on, and at the right end of the line its place in the source. Both are raw. */
void pen_where(int row, int column, unsigned long style, const char *name, const char *place);

/* One cell that shows how much `value` is of `most`. Nothing is a blank. */
const char *pen_spark(uint64_t value, uint64_t most);

/* A bar of `columns` cells. */
void pen_bar(int row, int column, size_t columns, unsigned long style, double share);

#endif
