/* SPDX-License-Identifier: Apache-2.0 */
/* fields.c - see fields.h. */
#include "stream/fields.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

char *field_word(struct fields *c, size_t *length)
{
	static char nothing[1];
	char *start = c->p, *space;

	*length = 0;
	if (!start || c->bad) {
		c->bad = true;
		return nothing;
	}
	space = memchr(start, ' ', (size_t)(c->end - start));
	*length = (size_t)((space ? space : c->end) - start);
	if (space)
		*space = '\0';
	c->p = space ? space + 1 : NULL;
	if (*length == 0 || memchr(start, '\0', *length))
		c->bad = true;
	return start;
}

static bool is_unknown(const char *field, size_t length)
{
	return length == 1 && field[0] == '-';
}

/* 0 to 15; more if it is no digit. */
static unsigned hex_digit(char c)
{
	unsigned digit = (unsigned char)c - (unsigned)'0';

	if (digit <= 9)
		return digit;
	digit = ((unsigned char)c | 0x20u) - (unsigned)'a';
	return digit < 6 ? digit + 10 : UINT_MAX;
}

/* Returns the first non-digit. *fits is false if the number has more than 64 bits. */
static char *scan_decimal(char *at, uint64_t *value, bool *fits)
{
	uint64_t n = 0;

	*fits = true;
	for (unsigned digit; (digit = (unsigned char)*at - (unsigned)'0') <= 9; at++) {
		*fits &= n <= (UINT64_MAX - digit) / 10;
		n = n * 10 + digit;
	}
	*value = n;
	return at;
}

static char *scan_hex(char *at, uint64_t *value, bool *fits)
{
	uint64_t n = 0;

	*fits = true;
	for (unsigned digit; (digit = hex_digit(*at)) <= 15; at++) {
		*fits &= n >> 60 == 0;
		n = n << 4 | digit;
	}
	*value = n;
	return at;
}

bool digits_decimal(char *digits, size_t length, uint64_t *value)
{
	bool fits;

	return length > 0 && scan_decimal(digits, value, &fits) == digits + length && fits;
}

bool digits_hex(char *digits, size_t length, uint64_t *value)
{
	bool fits;

	return length > 0 && scan_hex(digits, value, &fits) == digits + length && fits;
}

/* Takes a number from the start of the rest of the line to `end`. Does not look for the field's end first:
 * most of a stream is numbers. `-` is not known. */
static uint64_t take_number(struct fields *c, char *end, bool fits, uint64_t value)
{
	if (end == c->p && *end == '-')
		end++;
	if (end == c->p || !fits || (*end != ' ' && end != c->end))
		c->bad = true;
	c->p = end == c->end ? NULL : end + 1;
	return c->bad ? 0 : value;
}

uint64_t field_decimal(struct fields *c, uint64_t max)
{
	uint64_t value;
	bool fits;

	if (!c->p || c->bad) {
		c->bad = true;
		return 0;
	}
	char *end = scan_decimal(c->p, &value, &fits);

	return take_number(c, end, fits && value <= max, value);
}

uint64_t field_hex(struct fields *c)
{
	uint64_t value;
	bool fits;

	if (!c->p || c->bad) {
		c->bad = true;
		return 0;
	}
	char *end = scan_hex(c->p, &value, &fits);

	return take_number(c, end, fits, value);
}

long field_id(struct fields *c)
{
	return (long)field_decimal(c, INT_MAX);
}

long field_system_call(struct fields *c)
{
	if (c->p && c->p[0] == '-') {
		size_t length;
		const char *field = field_word(c, &length);

		if (!is_unknown(field, length) && strcmp(field, "-1") != 0)
			c->bad = true;
		return -1;
	}
	return (long)field_decimal(c, INT_MAX);
}

const char *field_name(struct fields *c)
{
	size_t length;
	char *field = field_word(c, &length);

	if (is_unknown(field, length))
		*field = '\0';
	else if (length > FIELD_LONGEST)
		field[FIELD_LONGEST] = '\0';
	return field;
}

int field_choice(struct fields *c, const char *const *choices)
{
	size_t length;
	const char *field = field_word(c, &length);

	if (is_unknown(field, length))
		return -1;
	for (int i = 0; choices[i]; i++) {
		if (strcmp(field, choices[i]) == 0)
			return i;
	}
	c->bad = true;
	return -1;
}

/* Replaces each `\xNN` in [start, end) by its byte, in place. */
static const char *unescape(char *start, const char *end)
{
	char *to = start;

	for (const char *from = start; from < end; to++) {
		unsigned high, low;

		if (end - from >= 4 && from[0] == '\\' && from[1] == 'x' &&
		    (high = hex_digit(from[2])) < 16 && (low = hex_digit(from[3])) < 16) {
			*to = (char)(high << 4 | low);
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
	return start;
}

/* The end of a name, or where it is cut. */
static const char *name_end(const char *start, const char *end)
{
	return end - start > FIELD_LONGEST ? start + FIELD_LONGEST : end;
}

const char *field_text(struct fields *c)
{
	char *start = c->p;

	if (!start || c->bad) {
		c->bad = true;
		return "";
	}
	c->p = NULL;
	return is_unknown(start, (size_t)(c->end - start)) ? "" : unescape(start, name_end(start, c->end));
}

const char *field_escaped(struct fields *c)
{
	size_t length;
	char *field = field_word(c, &length);

	return c->bad || is_unknown(field, length) ? NULL : unescape(field, name_end(field, field + length));
}

void put_decimal(FILE *out, uint64_t value)
{
	fprintf(out, " %" PRIu64, value);
}

void put_hex(FILE *out, uint64_t value)
{
	fprintf(out, " %" PRIx64, value);
}

void put_word(FILE *out, const char *word)
{
	putc(' ', out);
	fputs(word && *word ? word : "-", out);
}

/* Writes bytes from `lowest` to '~' unchanged, all others as `\xNN`. */
static void put_bytes(FILE *out, const char *text, char lowest)
{
	for (; *text; text++)
		if (*text >= lowest && *text <= '~' && *text != '\\')
			putc(*text, out);
		else
			fprintf(out, "\\x%02x", (unsigned char)*text);
}

void put_text(FILE *out, const char *text)
{
	putc(' ', out);
	put_bytes(out, text ? text : "-", ' ');
}

void put_escaped(FILE *out, const char *text)
{
	putc(' ', out);
	put_bytes(out, text && *text ? text : "-", '!');
}
