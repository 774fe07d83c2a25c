/* SPDX-License-Identifier: Apache-2.0 */
/* escape.c - see escape.h. */
#include <ctype.h>
#include <libiberty/libiberty.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/escape.h"

/* Decodes the UTF-8 character at `s`. Returns its length in bytes, or 0 if it is invalid (also overlong
 * forms, surrogates, and numbers above U+10FFFF). */
static size_t decode(const char *s, uint32_t *code)
{
	const unsigned char *b = (const unsigned char *)s;
	size_t length = b[0] < 0x80   ? 1
			: b[0] < 0xc2 ? 0
			: b[0] < 0xe0 ? 2
			: b[0] < 0xf0 ? 3
			: b[0] < 0xf5 ? 4
				      : 0;
	static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};

	if (length == 0)
		return 0;
	*code = length == 1 ? b[0] : b[0] & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((b[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (b[i] & 0x3f);
	}
	if (*code < lowest[length] || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return length;
}

/* Is this a character that acts on others instead of being visible: control codes, text direction,
 * joining? */
static bool invisible(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0xad || code == 0x61c ||
	       (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2060 && code <= 0x206f) || code == 0xfeff || (code >= 0xfff9 && code <= 0xfffb);
}

/* Is this character visible, and does it do nothing else? */
static bool harmless(uint32_t code)
{
	return !invisible(code) && (code < 0x80 || wcwidth((wchar_t)code) > 0);
}

/* Writes each of `bytes` bytes of `raw` as \xNN to `out`. Returns the end of what it wrote, where it put a
 * NUL. */
static char *in_hex(char *out, const char *raw, size_t bytes)
{
	while (bytes--)
		out += sprintf(out, "\\x%02x", (unsigned char)*raw++);
	return out;
}

char *escape_terminal(const char *raw, bool utf8)
{
	if (!raw)
		raw = "";
	char *safe = xmalloc(strlen(raw) * 4 + 1);
	char *out = safe;

	while (*raw) {
		uint32_t code;
		size_t length = decode(raw, &code);

		if (length && harmless(code) && (utf8 || length == 1)) {
			memcpy(out, raw, length);
			out += length;
			raw += length;
			continue;
		}
		length = length ? length : 1;
		out = in_hex(out, raw, length);
		raw += length;
	}
	*out = '\0';
	return safe;
}

char *escape_gnuplot(const char *raw)
{
	if (!raw)
		raw = "";
	char *safe = xmalloc(strlen(raw) + 3);
	char *out = safe;

	*out++ = '"';
	while (*raw) {
		uint32_t code;
		size_t length = decode(raw, &code);

		if (length == 0 || !harmless(code)) {
			*out++ = '?';
			raw += length ? length : 1;
		} else if (length == 1) {
			*out++ = *raw == '"' || *raw == '`' ? '\'' : *raw == '\\' ? '/' : *raw;
			raw++;
		} else {
			memcpy(out, raw, length);
			out += length;
			raw += length;
		}
	}
	*out++ = '"';
	*out = '\0';
	return safe;
}

/* Copies `raw`; writes invalid bytes and characters that `keep` refuses as \xNN, byte by byte. */
static char *hex_unless(bool (*keep)(const char *at, uint32_t code), const char *raw)
{
	char *safe = xmalloc(strlen(raw) * 4 + 1);
	char *out = safe;

	while (*raw) {
		uint32_t code;
		size_t length = decode(raw, &code);

		if (length && keep(raw, code)) {
			memcpy(out, raw, length);
			out += length;
		} else {
			length = length ? length : 1;
			out = in_hex(out, raw, length);
		}
		raw += length;
	}
	*out = '\0';
	return safe;
}

static bool is_visible(const char *at, uint32_t code)
{
	(void)at;
	return !invisible(code);
}

char *escape_utf8(const char *raw)
{
	return hex_unless(is_visible, raw ? raw : "");
}

/* Does the text \xNN stand here? */
static bool is_hex(const char *s)
{
	return s[0] == '\\' && s[1] == 'x' && isxdigit((unsigned char)s[2]) && isxdigit((unsigned char)s[3]);
}

/* The JSON library escapes control characters itself. */
static bool fits_json(const char *at, uint32_t code)
{
	return !is_hex(at) && (code < 0x20 || !invisible(code));
}

char *escape_json(const char *raw)
{
	return hex_unless(fits_json, raw);
}

/* The longest run of backquotes in `text`. */
static size_t backquotes(const char *text)
{
	size_t most = 0;

	for (size_t run; *text; text += run ? run : 1) {
		run = strspn(text, "`");
		most = run > most ? run : most;
	}
	return most;
}

/* A code span is enclosed in more backquotes than its text has in a row; one space at both ends is dropped.
 * Renderers split a row into cells first, at bars without a backslash. They disagree whether that backslash
 * may itself be escaped, so an odd number of them is written. */
char *escape_markdown(const char *raw)
{
	char *text = escape_utf8(raw);
	size_t fence = backquotes(text) + 1, length = strlen(text);
	bool pad = fence > 1 || (length && (text[0] == ' ' || text[length - 1] == ' '));
	char *safe = xmalloc(3 * length + 2 * fence + 3), *out = safe;

	if (length) {
		memset(out, '`', fence);
		out += fence;
		if (pad)
			*out++ = ' ';
		for (const char *c = text; *c;) {
			size_t run = strspn(c, "\\");
			size_t written = c[run] == '|' ? (run + 1) | 1 : run;

			memset(out, '\\', written);
			out += written;
			c += run;
			if (*c)
				*out++ = *c++;
		}
		if (pad)
			*out++ = ' ';
		memset(out, '`', fence);
		out += fence;
	}
	*out = '\0';
	free(text);
	return safe;
}

/* Returns the length in bytes of the character at `s` (at least 1), and sets its width in columns. */
static size_t step(const char *s, size_t *columns)
{
	uint32_t code;
	size_t length = decode(s, &code);
	int width = length ? wcwidth((wchar_t)code) : 1;

	*columns = width > 0 ? (size_t)width : 1;
	return length ? length : 1;
}

size_t text_width(const char *text)
{
	size_t total = 0, columns;

	for (; *text; total += columns)
		text += step(text, &columns);
	return total;
}

/* How many bytes of the beginning of `text` fit into `columns`. */
static size_t head_bytes(const char *text, size_t columns)
{
	size_t bytes = 0, used = 0, width;

	while (text[bytes]) {
		size_t length = step(text + bytes, &width);

		if (used + width > columns)
			break;
		used += width;
		bytes += length;
	}
	return bytes;
}

/* The start of the longest end of `text` that fits into `columns`. */
static const char *tail_start(const char *text, size_t columns)
{
	size_t left = text_width(text), width;

	while (left > columns) {
		text += step(text, &width);
		left -= width;
	}
	return text;
}

/* The first `head` bytes of `text`, the ellipsis, then `tail`. */
static char *join(const char *text, size_t head, const char *tail, const char *ellipsis)
{
	char *joined = xmalloc(head + strlen(ellipsis) + strlen(tail) + 1);

	memcpy(joined, text, head);
	strcpy(stpcpy(joined + head, ellipsis), tail);
	return joined;
}

/* The ellipsis that fits into `columns`: nothing in 0 columns; in ASCII up to three dots. */
static const char *ellipsis_for(size_t columns, bool utf8)
{
	if (columns == 0)
		return "";
	return utf8 ? "…" : columns < 3 ? &"..."[3 - columns] : "...";
}

char *text_shorten(const char *text, size_t columns, bool utf8)
{
	if (text_width(text) <= columns)
		return xstrdup(text);
	const char *ellipsis = ellipsis_for(columns, utf8);
	size_t room = columns - (utf8 && columns ? 1 : strlen(ellipsis));
	size_t head = head_bytes(text, room * 2 / 5);
	const char *tail = tail_start(text, room - room * 2 / 5);
	const char *near = strstr(tail, "::");

	if (near && near[2] && (size_t)(near - tail) <= strlen(tail) / 3)
		tail = near;
	return join(text, head, tail, ellipsis);
}

char *text_shorten_path(const char *text, size_t columns, bool utf8)
{
	if (text_width(text) <= columns)
		return xstrdup(text);
	const char *ellipsis = ellipsis_for(columns, utf8);
	size_t room = columns - (utf8 && columns ? 1 : strlen(ellipsis));
	const char *tail = tail_start(text, room);
	const char *near = strchr(tail, '/');

	if (near && near[1] && (size_t)(near - tail) <= strlen(tail) / 2)
		tail = near;
	return join(text, 0, tail, ellipsis);
}

char *text_format(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	char *text = text_vformat(format, args);
	va_end(args);
	return text;
}

char *text_vformat(const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0)
		xmalloc_failed(strlen(format));
	return text;
}
