/* text-layout.h - lines of text in columns: the one place through which the report's text passes.
 *
 * Every text is escaped and cut to the columns left, so that no name can break the layout, whatever it holds.
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
	size_t column;	/* where the line has got to */
	size_t pending; /* blanks that come before the next text: so none is left at a line's end */
};

/* Shortens a text to some columns: text_shorten or text_shorten_path. */
typedef char *shortener(const char *text, size_t columns, bool utf8);

/* Moves on to `column`; when the line is there already, by one blank. */
void page_to(struct page *page, size_t column);

/* Writes raw `text` in at most `columns` columns (and never past the width), shortened by `shorten`. */
void page_fit(struct page *page, enum style style, size_t columns, shortener *shorten, const char *text);

/* The same, shortened in the middle only where the line ends. */
void page_text(struct page *page, enum style style, const char *text);

/* The same with printf's format. */
__attribute__((format(printf, 3, 4))) void page_printf(struct page *page, enum style style,
						       const char *format, ...);

/* `text` at the right end of the next `columns` columns. */
void page_right(struct page *page, enum style style, size_t columns, const char *text);

/* `text` broken between words; the lines after the first begin at the column where the first did. Ends the line. */
void page_wrap(struct page *page, enum style style, const char *text);

/* Ends the line. */
void page_end(struct page *page);

/* Columns that raw `text` takes once it is escaped. */
size_t page_width(const struct page *page, const char *text);

#endif
