/* SPDX-License-Identifier: Apache-2.0 */
/* pager.c - a titled page of text in the view. */
#include <curses.h>
#include <stdlib.h>
#include <string.h>

#include "live/panes/draw.h"
#include "live/panes/panes.h"

/* The style that an escape sequence begins. The sequences are base/text-layout.c's: text from elsewhere is
 * escaped and has none. */
static enum pen style_of(const char *sequence)
{
	static const struct {
		const char *sequence;
		enum pen pen;
	} styles[] = {{"\033[1;36m", PEN_OWN},
		      {"\033[1;33m", PEN_WARNING},
		      {"\033[1m", PEN_STRONG},
		      {"\033[2m", PEN_FAINT},
		      {"\033[4m", PEN_HEAD}};

	for (size_t i = 0; i < sizeof(styles) / sizeof(*styles); i++)
		if (!strncmp(sequence, styles[i].sequence, strlen(styles[i].sequence)))
			return styles[i].pen;
	return PEN_PLAIN;
}

/* Writes a line, one stretch of equal style at a time. */
static void put_line(int row, const char *text, size_t length)
{
	enum pen pen = PEN_PLAIN;
	int column = 0;

	while (length) {
		const char *escape = memchr(text, '\033', length);
		size_t plain = escape ? (size_t)(escape - text) : length;

		if (plain) {
			char *piece = strndup(text, plain);

			column += (int)pen_put(row, column, (size_t)COLS, pen_style(pen), piece ? piece : "");
			free(piece);
		}
		text += plain;
		length -= plain;
		if (!length)
			break;
		const char *end = memchr(text, 'm', length);
		size_t sequence = end ? (size_t)(end - text) + 1 : length;

		pen = style_of(text);
		text += sequence;
		length -= sequence;
	}
}

void live_pager(struct live_view *v, const char *title, const char *text)
{
	size_t rows = LINES > 2 ? (size_t)LINES - 2 : 0, n = 0;

	pen_fill(0, pen_style(PEN_BAR));
	pen_put(0, 1, (size_t)COLS - 2, pen_style(PEN_BAR), title);
	for (const char *line = text, *end; *line; line = *end ? end + 1 : end, n++) {
		end = strchrnul(line, '\n');
		if (n >= v->lines_off && n < v->lines_off + rows)
			put_line(1 + (int)(n - v->lines_off), line, (size_t)(end - line));
	}
	v->text_lines = n;
	v->text_shown = rows;
	if (n > v->lines_off + rows)
		pen_right(0, COLS - 12, 11, pen_style(PEN_BAR), pen_utf8() ? "↓ more" : "v more");
	live_footer(v);
}
