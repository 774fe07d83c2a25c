/* SPDX-License-Identifier: Apache-2.0 */
/* text-layout.c - see text-layout.h. */
#include <libiberty/libiberty.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/text-layout.h"

static const char *const sgr[] = {
	[STYLE_PLAIN] = "",	    [STYLE_STRONG] = "\033[1m",	    [STYLE_FAINT] = "\033[2m",
	[STYLE_OWN] = "\033[1;36m", [STYLE_WARNING] = "\033[1;33m", [STYLE_HEAD] = "\033[4m",
};

void page_to(struct page *page, size_t column)
{
	size_t at = page->column + page->pending;

	if (at < column)
		page->pending += column - at;
	else if (page->column && page->pending == 0)
		page->pending = 1;
}

void page_fit(struct page *page, enum style style, size_t columns, shortener *shorten, const char *text)
{
	char *safe = escape_terminal(text, page->utf8);
	size_t at = page->column + page->pending;
	size_t left = page->width > at ? page->width - at : 0;
	char *fit = shorten(safe, columns < left ? columns : left, page->utf8);

	/* Blanks at the end are written only when more text follows: no line ends in a blank. */
	size_t length = strlen(fit), blanks = 0;

	for (; length && fit[length - 1] == ' '; blanks++)
		fit[--length] = '\0';
	if (*fit) {
		const char *start = page->colour ? sgr[style] : "";

		fprintf(page->out, "%*s%s%s%s", (int)page->pending, "", start, fit, *start ? "\033[0m" : "");
		page->column = at + text_width(fit);
		page->pending = 0;
	}
	page->pending += blanks;
	free(fit);
	free(safe);
}

void page_text(struct page *page, enum style style, const char *text)
{
	page_fit(page, style, page->width, text_shorten, text);
}

void page_printf(struct page *page, enum style style, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	char *text = text_vformat(format, args);
	va_end(args);
	page_text(page, style, text);
	free(text);
}

void page_right(struct page *page, enum style style, size_t columns, const char *text)
{
	size_t width = page_width(page, text);

	page->pending += width < columns ? columns - width : 0;
	page_fit(page, style, columns, text_shorten, text);
}

void page_wrap(struct page *page, enum style style, const char *text)
{
	size_t indent = page->column + page->pending;
	size_t room = page->width > indent ? page->width - indent : 1;

	do {
		/* As many words as fit, but at least one. */
		size_t length = 0, next = 0;

		do {
			length = next + strcspn(text + next, " ");
			next = length + strspn(text + length, " ");
			char *more = xstrndup(text, next + strcspn(text + next, " "));
			bool fits = text[next] && page_width(page, more) <= room;

			free(more);
			if (!fits)
				break;
		} while (true);
		char *line = xstrndup(text, length);

		page_to(page, indent);
		page_text(page, style, line);
		page_end(page);
		free(line);
		text += next;
	} while (*text);
}

void page_end(struct page *page)
{
	putc('\n', page->out);
	page->column = page->pending = 0;
}

size_t page_width(const struct page *page, const char *text)
{
	char *safe = escape_terminal(text, page->utf8);
	size_t width = text_width(safe);

	free(safe);
	return width;
}
