/* fields.c - see fields.h. */
#include "fields.h"

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

bool digits_decimal(const char *digits, size_t length, uint64_t *value)
{
	uint64_t n = 0;

	if (length == 0)
		return false;
	for (size_t i = 0; i < length; i++) {
		unsigned digit = (unsigned char)digits[i] - (unsigned)'0';

		if (digit > 9 || n > (UINT64_MAX - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*value = n;
	return true;
}

/* 0 to 15, or more than that. */
static unsigned hex_digit(char c)
{
	unsigned digit = (unsigned char)c - (unsigned)'0';

	if (digit <= 9)
		return digit;
	digit = ((unsigned char)c | 0x20u) - (unsigned)'a';
	return digit < 6 ? digit + 10 : UINT_MAX;
}

bool digits_hex(const char *digits, size_t length, uint64_t *value)
{
	uint64_t n = 0;

	if (length == 0)
		return false;
	for (size_t i = 0; i < length; i++) {
		unsigned digit = hex_digit(digits[i]);

		if (digit > 15 || n >> 60)
			return false;
		n = n << 4 | digit;
	}
	*value = n;
	return true;
}

uint64_t field_decimal(struct fields *c, uint64_t max)
{
	size_t length;
	const char *field = field_word(c, &length);
	uint64_t value = 0;

	if (!is_unknown(field, length) && (!digits_decimal(field, length, &value) || value > max))
		c->bad = true;
	return c->bad ? 0 : value;
}

uint64_t field_hex(struct fields *c)
{
	size_t length;
	const char *field = field_word(c, &length);
	uint64_t value = 0;

	if (!is_unknown(field, length) && !digits_hex(field, length, &value))
		c->bad = true;
	return value;
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

/* Takes the `\xNN` out of [start, end), in place. */
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

const char *field_text(struct fields *c)
{
	char *start = c->p;

	if (!start || c->bad) {
		c->bad = true;
		return "";
	}
	c->p = NULL;
	return is_unknown(start, (size_t)(c->end - start)) ? "" : unescape(start, c->end);
}

const char *field_escaped(struct fields *c)
{
	size_t length;
	char *field = field_word(c, &length);

	return c->bad || is_unknown(field, length) ? NULL : unescape(field, field + length);
}
