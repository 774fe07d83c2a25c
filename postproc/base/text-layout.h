/* SPDX-License-Identifier: Apache-2.0 */
/* text-layout.h - lines of text in columns. All text of the report passes through here.
 *
 * It escapes every text and cuts it to the columns left, so no name can break the layout.
 */
#ifndef HUD_BASE_TEXT_LAYOUT_H
#define HUD_BASE_TEXT_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum style { STYLE_PLAIN, STYLE_STRONG, STYLE_FAINT, STYLE_OWN, STYLE_WARNING, STYLE_HEAD };

struct page {
	FILE *out;
	size_t width; /* columns */
	bool colour, utf8;
	size_t column;	/* where the line ends now */
	size_t pending; /* blanks to write before the next text: so no line ends in one */
};

/* Shortens a text to `columns`: text_shorten or text_shorten_path. */
typedef char *shortener(const char *text, size_t columns, bool utf8);

/* Moves on to `column`; if the line is there already, by one blank. */
void page_to(struct page *page, size_t column);

/* Writes raw `text`, shortened by `shorten` to `columns` columns, and to the width that is left. */
void page_fit(struct page *page, enum style style, size_t columns, shortener *shorten, const char *text);

/* The same, shortened in the middle, and only where the line ends. */
void page_text(struct page *page, enum style style, const char *text);

/* The same with a format of printf's. */
__attribute__((format(printf, 3, 4))) void page_printf(struct page *page, enum style style,
						       const char *format, ...);

/* Writes `text` right-aligned in the next `columns` columns. */
void page_right(struct page *page, enum style style, size_t columns, const char *text);

/* Writes `text`, broken between words. Later lines begin in the column where the first did. Ends the line. */
void page_wrap(struct page *page, enum style style, const char *text);

/* Ends the line. */
void page_end(struct page *page);

/* How many columns raw `text` takes once it is escaped. */
size_t page_width(const struct page *page, const char *text);

#endif
