/* escape.c - text of strangers, made fit to be shown. */
#include <ctype.h>
#include <libiberty/libiberty.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/escape.h"

/* Decodes the UTF-8 character at `s`: its length in bytes, 0 if there is no valid one (overlong forms,
 * surrogates and numbers above U+10FFFF are invalid). */
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

/* Does this character do something to others instead of being seen: control codes, direction of writing, joining? */
static bool invisible(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0xad || code == 0x61c ||
	       (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2060 && code <= 0x206f) || code == 0xfeff || (code >= 0xfff9 && code <= 0xfffb);
}

/* Would this character be seen where it stands, and nothing else happen? */
static bool harmless(uint32_t code)
{
	return !invisible(code) && (code < 0x80 || wcwidth((wchar_t)code) > 0);
}

/* Writes `bytes` of `raw` as \xNN each to `out`. Returns the end of what it wrote, which is 0. */
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

/* `raw` with \xNN for the bytes of every character that is not to be kept, or is none. */
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

/* Does \xNN stand here? */
static bool is_hex(const char *s)
{
	return s[0] == '\\' && s[1] == 'x' && isxdigit((unsigned char)s[2]) && isxdigit((unsigned char)s[3]);
}

/* Control characters are the JSON library's to escape. */
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

/* A code span begins and ends with more backquotes than there are in it; a space at both ends goes. Cells are split before
 * anything else is read, at bars without a backslash; renderers differ in whether that may itself be one of a pair, so their
 * number is odd. */
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

/* The character at `s`: its length in bytes (at least 1) and its width in columns. */
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

/* The longest beginning of `text` that fits into `columns`: its length in bytes. */
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

/* Where the longest ending of `text` begins that fits into `columns`. */
static const char *tail_start(const char *text, size_t columns)
{
	size_t left = text_width(text), width;

	while (left > columns) {
		text += step(text, &width);
		left -= width;
	}
	return text;
}

/* `head` bytes of `text`, the ellipsis, and what stands from `tail` on. */
static char *join(const char *text, size_t head, const char *tail, const char *ellipsis)
{
	char *joined = xmalloc(head + strlen(ellipsis) + strlen(tail) + 1);

	memcpy(joined, text, head);
	strcpy(stpcpy(joined + head, ellipsis), tail);
	return joined;
}

/* The ellipsis that fits into `columns`; none at all fits into 0, and one dot per column in ASCII. */
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
