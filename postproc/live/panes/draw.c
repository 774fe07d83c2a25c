/* SPDX-License-Identifier: Apache-2.0 */
/* draw.c - see draw.h. */
#include "live/panes/draw.h"

#include <curses.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "judge/reasons.h"

#define REASON_PAIR 1 /* the first of REASON_COUNT pairs */
enum { OWN_PAIR = REASON_PAIR + REASON_COUNT, WARNING_PAIR, PAIRS_NEEDED };

static bool coloured, unicode;

/* The distance between two colours, 0xRRGGBB. */
static unsigned distance(unsigned a, unsigned b)
{
	int red = (int)(a >> 16 & 255) - (int)(b >> 16 & 255),
	    green = (int)(a >> 8 & 255) - (int)(b >> 8 & 255), blue = (int)(a & 255) - (int)(b & 255);

	return (unsigned)(red * red + green * green + blue * blue);
}

/* The nearest colour of the terminal: one of xterm's cube of 256, or one of eight. */
static short nearest(unsigned colour)
{
	static const unsigned eight[] = {0x000000, 0xcd0000, 0x00cd00, 0xcdcd00,
					 0x0000ee, 0xcd00cd, 0x00cdcd, 0xe5e5e5};
	static const unsigned steps[] = {0, 95, 135, 175, 215, 255};
	unsigned best = 0, found = 0;

	if (COLORS < 256) {
		for (unsigned i = 1; i < 8; i++)
			if (distance(colour, eight[i]) < distance(colour, eight[best]))
				best = i;
		return (short)best;
	}
	for (unsigned i = 0; i < 216; i++) {
		unsigned cube = steps[i / 36] << 16 | steps[i / 6 % 6] << 8 | steps[i % 6];

		if (i == 0 || distance(colour, cube) < distance(colour, best)) {
			best = cube;
			found = i;
		}
	}
	return (short)(16 + found);
}

void pen_start(bool colour, bool utf8)
{
	unicode = utf8;
	if (!colour || !has_colors() || start_color() == ERR || COLOR_PAIRS <= PAIRS_NEEDED)
		return;
	short back = use_default_colors() == OK ? -1 : COLOR_BLACK;

	for (int i = 0; i < REASON_COUNT; i++) {
		unsigned wanted = reason_info((enum reason)i)->colour;

		/* Black would be invisible on a black background. */
		init_pair((short)(REASON_PAIR + i), nearest(wanted ? wanted : 0xb0b0b0), back);
	}
	init_pair(OWN_PAIR, COLOR_CYAN, back);
	init_pair(WARNING_PAIR, COLOR_YELLOW, back);
	coloured = true;
}

bool pen_utf8(void)
{
	return unicode;
}

unsigned long pen_style(enum pen pen)
{
	switch (pen) {
	case PEN_STRONG:
		return A_BOLD;
	case PEN_FAINT:
		return A_DIM;
	case PEN_OWN:
		return A_BOLD | (coloured ? COLOR_PAIR(OWN_PAIR) : 0);
	case PEN_WARNING:
		return A_BOLD | (coloured ? COLOR_PAIR(WARNING_PAIR) : 0);
	case PEN_HEAD:
		return A_BOLD | A_UNDERLINE;
	case PEN_BAR:
		return A_REVERSE;
	default:
		return A_NORMAL;
	}
}

unsigned long pen_reason(enum reason reason, bool filled)
{
	return (coloured ? COLOR_PAIR(REASON_PAIR + (int)reason) : A_NORMAL) |
	       (filled ? A_REVERSE : A_NORMAL);
}

size_t pen_put_as(int row, int column, size_t columns, unsigned long style, shortener *shorten,
		  const char *text)
{
	size_t left = column >= 0 && column < COLS ? (size_t)(COLS - column) : 0;
	size_t width = 0;

	if (row < 0 || row >= LINES || !left || !columns)
		return 0;
	char *safe = escape_terminal(text, unicode);
	char *fit = shorten(safe, columns < left ? columns : left, unicode);

	attrset((attr_t)style);
	mvaddstr(row, column, fit);
	width = text_width(fit);
	free(fit);
	free(safe);
	return width;
}

size_t pen_put(int row, int column, size_t columns, unsigned long style, const char *text)
{
	return pen_put_as(row, column, columns, style, text_shorten, text);
}

void pen_cell(int row, int column, unsigned long style, const char *glyph)
{
	if (row < 0 || row >= LINES || column < 0 || column >= COLS)
		return;
	attrset((attr_t)style);
	mvaddstr(row, column, glyph);
}

void pen_right(int row, int column, size_t columns, unsigned long style, const char *text)
{
	char *safe = escape_terminal(text, unicode);
	size_t width = text_width(safe);

	free(safe);
	width = width < columns ? width : columns;
	pen_put(row, column + (int)(columns - width), width, style, text);
}

void pen_fill(int row, unsigned long style)
{
	if (row < 0 || row >= LINES)
		return;
	attrset((attr_t)style);
	mvhline(row, 0, ' ' | (chtype)style, COLS);
}

/* The text after the first "::" outside angle brackets, or NULL. */
static const char *behind_first(const char *name)
{
	int depth = 0;

	for (; *name; name++) {
		depth += (*name == '<') - (*name == '>' && depth > 0);
		if (!depth && name[0] == ':' && name[1] == ':' && name[2])
			return name + 2;
	}
	return NULL;
}

/* Drops whole parts from the front of a name's path, until it fits. */
static char *shorten_name(const char *text, size_t columns, bool utf8)
{
	const char *rest = text, *next;

	while (text_width(rest) > columns && (next = behind_first(rest)))
		rest = next;
	return text_shorten(text_width(rest) > columns ? text : rest, columns, utf8);
}

char *pen_shorten_place(const char *text, size_t columns, bool utf8)
{
	const char *next;

	while (text_width(text) > columns && (next = strchr(text, '/')) && next[1])
		text = next + 1;
	return text_shorten_path(text, columns, utf8);
}

void pen_where(int row, int column, unsigned long style, const char *name, const char *place)
{
	size_t room = COLS > column ? (size_t)(COLS - column) : 0;
	char *safe = escape_terminal(place, pen_utf8()), *whole = escape_terminal(name, pen_utf8());
	size_t for_name = text_width(whole), for_place = text_width(safe);

	/* If both do not fit, the place is cut to its file name; if that and the last part of the function's
	 * name still do not fit, each gets half. */
	if (for_name + 1 + for_place > room) {
		const char *base = strrchr(safe, '/'), *last = strstr(whole, "::");
		size_t least = text_width(base && base[1] ? base + 1 : safe);

		for (const char *next = last; next; next = strstr(next + 2, "::"))
			last = next;
		size_t least_name = text_width(last ? last + 2 : whole);
		size_t left = room > for_name + 1 ? room - for_name - 1 : 0;

		for_place = least + 1 + least_name > room ? room / 2 : left > least ? left : least;
	}
	char *fit = pen_shorten_place(safe, for_place, pen_utf8());

	for_place = text_width(fit);
	pen_put_as(row, column, for_place && room > for_place + 1 ? room - for_place - 1 : room, style,
		   shorten_name, name);
	pen_put(row, column + (int)(room - for_place), for_place,
		style & A_REVERSE ? style : pen_style(PEN_FAINT), fit);
	free(fit);
	free(safe);
	free(whole);
}

const char *pen_spark(uint64_t value, uint64_t most)
{
	static const char *const levels[2][8] = {{".", ":", "-", "=", "+", "*", "#", "@"},
						 {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"}};

	if (!value)
		return " ";
	unsigned level = most ? (unsigned)((double)value / (double)most * 7.999) : 0;

	return levels[unicode][level < 8 ? level : 7];
}

void pen_bar(int row, int column, size_t columns, unsigned long style, double share)
{
	size_t halves = (size_t)((share < 0 ? 0 : share > 1 ? 1 : share) * (double)columns * 2 + 0.5);

	for (size_t i = 0; i < columns; i++) {
		const char *cell = halves >= 2 * i + 2	 ? unicode ? "█" : "#"
				   : halves == 2 * i + 1 ? unicode ? "▌" : "-"
				   : unicode		 ? "░"
							 : ".";

		pen_cell(row, column + (int)i, halves > 2 * i ? style : pen_style(PEN_FAINT), cell);
	}
}
