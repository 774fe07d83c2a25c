/* SPDX-License-Identifier: Apache-2.0 */
/* stream.c - see stream.h. */
#include "stream/stream.h"

#include <errno.h>
#include <libiberty/libiberty.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "stream/fields.h"

#define LINE_MAX_BYTES (1u << 20) /* longer lines are not event lines */
#define KIND_SIZE 32

struct stream {
	const char *put; /* the rest of the last bytes put */
	size_t left;
	char *line; /* the line to parse, which events point into */
	size_t length, allocated;
	uint64_t lines, unknown, bad;
	unsigned version;
	struct {
		char name[KIND_SIZE];
		uint64_t lines;
	} unknown_kind[STREAM_UNKNOWN_KINDS]; /* the first kinds seen */
	size_t unknown_kinds;
	bool in_frames; /* the last line was `frames` or an address of it */
	bool others;	/* lines of no known kind are taken, */
	bool in_others; /* as the last one that was not empty was */
};

/* The number in `BEFORE N AFTER`; `after` may be just its beginning. */
static bool number_between(char *line, const char *before, const char *after, uint64_t *number)
{
	size_t length = strlen(before), digits;

	if (strncmp(line, before, length) != 0)
		return false;
	digits = strspn(line + length, "0123456789");
	return strncmp(line + length + digits, after, strlen(after)) == 0 &&
	       digits_decimal(line + length, digits, number);
}

/* bpftrace prints a raw stack as bare addresses, and a symbolized one indented, one a line. */
static bool is_address(const struct stream *s, size_t length)
{
	if (s->line[0] == ' ' || s->line[0] == '\t')
		return true;
	return s->in_frames && strspn(s->line, "0123456789abcdef") == length;
}

/* Counts a line of a kind that is not known, the line's first word. What is printed of a map of bpftrace's, "@name[key]: 1", is
 * of the kind "@name"; what does not begin with a plain word is of no kind. */
static void count_unknown(struct stream *s, const char *line)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
	size_t length = strspn(line + (*line == '@'), plain), i = 0;

	s->unknown++;
	if (length == 0 || length > KIND_SIZE - 2 ||
	    !strchr(*line == '@' ? " :[" : " ", line[length + (*line == '@')]))
		return;
	length += *line == '@';
	while (i < s->unknown_kinds &&
	       (strncmp(s->unknown_kind[i].name, line, length) != 0 || s->unknown_kind[i].name[length]))
		i++;
	if (i == STREAM_UNKNOWN_KINDS)
		return;
	if (i == s->unknown_kinds)
		memcpy(s->unknown_kind[s->unknown_kinds++].name, line, length);
	s->unknown_kind[i].lines++;
}

/* A line of no known kind: 1 if it is taken, else 0. */
static int next_other(struct stream *s, struct event *e)
{
	s->in_frames = false;
	s->in_others = s->others;
	e->kind = EVENT_OTHER;
	e->text = s->line;
	if (!s->others)
		count_unknown(s, s->line);
	return s->others;
}

/* A line of a stack: 1 if it gives an address, else 0. */
static int next_address(struct stream *s, struct event *e)
{
	char *address = s->line + strspn(s->line, " \t");

	if (!s->in_frames)
		return next_other(s, e);
	/* The walk by CFI of bpftrace (0.27) ended there: the stack is cut. */
	if (!strcmp(address, "<unwind failure>"))
		return 0;
	if (!digits_hex(address, strcspn(address, " \t"), &e->ip)) {
		if (s->others)
			return next_other(s, e);
		s->bad++;
		return 0;
	}
	e->kind = EVENT_ADDRESS;
	return 1;
}

/* The first line: is that what it is? */
static bool first_line(struct stream *s)
{
	static const char title[] = "hud-trace ";
	char *digits = s->line + strlen(title);
	uint64_t version;

	if (strncmp(s->line, title, strlen(title)) != 0)
		return false;
	if (!digits_decimal(digits, strlen(digits), &version) || version == 0)
		s->bad++;
	else
		s->version = version > UINT_MAX ? UINT_MAX : (unsigned)version;
	return true;
}

/* A line of `length` bytes without its end: 1 if it is an event, 0 if it is skipped. */
static int parse_line(struct stream *s, size_t length, struct event *e)
{
	uint64_t number;

	memset(e, 0, sizeof *e);
	/* A `#` alone only makes bpftrace write what came before it (probes/parts/end.bt). */
	if (!strcmp(s->line, "#"))
		return 0;
	if (strspn(s->line, " \t") == length)
		return s->in_others && next_other(s, e);
	if (*s->line == '#')
		return s->others && next_other(s, e);
	if (is_address(s, length))
		return next_address(s, e);
	s->in_frames = s->in_others = false;
	if (number_between(s->line, "Lost ", " event", &e->count)) {
		e->kind = EVENT_LOST;
		return 1;
	}
	if (number_between(s->line, "Attaching ", " probe", &number) ||
	    number_between(s->line, "Attached ", " probe", &number))
		return 0;

	switch (event_parse(s->line, length, e)) {
	case EVENT_PARSED:
		s->in_frames = e->kind == EVENT_FRAMES;
		return 1;
	case EVENT_BAD:
		s->bad++;
		return 0;
	case EVENT_UNKNOWN:
		return next_other(s, e);
	}
	return 0;
}

void stream_take_others(struct stream *s)
{
	s->others = true;
}

struct stream *stream_new(void)
{
	return XCNEW(struct stream);
}

void stream_free(struct stream *s)
{
	if (!s)
		return;
	free(s->line);
	free(s);
}

void stream_put(struct stream *s, const char *bytes, size_t size)
{
	s->put = bytes;
	s->left = size;
}

/* Appends bytes to the line. If that gets too long, only counts them. */
static void add_to_line(struct stream *s, const char *bytes, size_t size)
{
	if (s->length + size < LINE_MAX_BYTES) {
		GROW(s->line, s->allocated, s->length + size + 1);
		memcpy(s->line + s->length, bytes, size);
		s->line[s->length + size] = '\0';
	}
	s->length += size;
}

/* Appends bytes up to the end of a line. Returns false if it has not come yet: half a number would be a wrong
 * one. */
static bool next_line(struct stream *s)
{
	const char *end = s->left ? memchr(s->put, '\n', s->left) : NULL;
	size_t size = end ? (size_t)(end - s->put) : s->left;

	add_to_line(s, s->put, size);
	size += end != NULL;
	s->put += size;
	s->left -= size;
	return end;
}

int stream_next(struct stream *s, struct event *e)
{
	while (s->version <= STREAM_VERSION && next_line(s)) {
		size_t length = s->length;

		s->length = 0;
		if (length >= LINE_MAX_BYTES) {
			s->bad++;
			continue;
		}
		if (length > 0 && s->line[length - 1] == '\r')
			length--;
		s->line[length] = '\0';
		if (s->lines++ == 0 && first_line(s))
			continue;
		if (parse_line(s, length, e))
			return 1;
	}
	if (s->version <= STREAM_VERSION)
		return 0;
	errno = EPROTONOSUPPORT;
	return -1;
}

uint64_t stream_unknown_lines(const struct stream *s)
{
	return s->unknown;
}

const char *stream_unknown_kind(const struct stream *s, size_t i, uint64_t *lines)
{
	if (i >= s->unknown_kinds)
		return NULL;
	*lines = s->unknown_kind[i].lines;
	return s->unknown_kind[i].name;
}

uint64_t stream_bad_lines(const struct stream *s)
{
	return s->bad;
}

unsigned stream_version(const struct stream *s)
{
	return s->version;
}
