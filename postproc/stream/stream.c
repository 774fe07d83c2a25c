/* stream.c - see stream.h. */
#include "stream/stream.h"

#include <errno.h>
#include <libiberty/libiberty.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "stream/fields.h"

#define LINE_MAX_BYTES (1u << 20) /* a longer line is none of ours */
#define KIND_SIZE 32

struct stream {
	FILE *in;
	char *line;
	size_t allocated;
	bool too_long; /* the last line was, and was not kept */
	uint64_t lines, unknown, bad;
	unsigned version;
	struct {
		char name[KIND_SIZE];
		uint64_t lines;
	} unknown_kind[STREAM_UNKNOWN_KINDS]; /* those that came first */
	size_t unknown_kinds;
	bool in_frames; /* the last line was `frames` or an address of it */
};

/* The number in `BEFORE N AFTER`; `after` may be only the start of what follows. */
static bool number_between(char *line, const char *before, const char *after, uint64_t *number)
{
	size_t length = strlen(before), digits;

	if (strncmp(line, before, length) != 0)
		return false;
	digits = strspn(line + length, "0123456789");
	return strncmp(line + length + digits, after, strlen(after)) == 0 &&
	       digits_decimal(line + length, digits, number);
}

/* bpftrace prints a raw stack as bare addresses, a symbolized one indented: each is a line of its own. */
static bool is_address(const struct stream *s, size_t length)
{
	if (s->line[0] == ' ' || s->line[0] == '\t')
		return true;
	return s->in_frames && strspn(s->line, "0123456789abcdef") == length;
}

/* A line of a stack: 1 if it gives an address, else 0. */
static int next_address(struct stream *s, struct event *e)
{
	char *address = s->line + strspn(s->line, " \t");

	if (!s->in_frames) {
		s->unknown++;
		return 0;
	}
	/* The walk by CFI of bpftrace (0.27) ended there: the stack is cut. */
	if (!strcmp(address, "<unwind failure>"))
		return 0;
	if (!digits_hex(address, strcspn(address, " \t"), &e->ip)) {
		s->bad++;
		return 0;
	}
	e->kind = EVENT_ADDRESS;
	return 1;
}

/* The first line: 1 if that is what it is, -1 if the stream is of a version that cannot be read. */
static int first_line(struct stream *s)
{
	static const char title[] = "hud-trace ";
	char *digits = s->line + strlen(title);
	uint64_t version;

	if (strncmp(s->line, title, strlen(title)) != 0)
		return 0;
	if (!digits_decimal(digits, strlen(digits), &version) || version == 0) {
		s->bad++;
		return 1;
	}
	s->version = version > UINT_MAX ? UINT_MAX : (unsigned)version;
	return s->version > STREAM_VERSION ? -1 : 1;
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

/* A line of `length` bytes without its end: 1 if it is an event, 0 if it is skipped. */
static int parse_line(struct stream *s, size_t length, struct event *e)
{
	uint64_t number;

	memset(e, 0, sizeof *e);
	if (strspn(s->line, " \t") == length || *s->line == '#')
		return 0;
	if (is_address(s, length))
		return next_address(s, e);
	s->in_frames = false;
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
		count_unknown(s, s->line);
		return 0;
	}
	return 0;
}

struct stream *stream_new(FILE *in)
{
	struct stream *s = XCNEW(struct stream);

	s->in = in;
	return s;
}

void stream_free(struct stream *s)
{
	if (!s)
		return;
	free(s->line);
	free(s);
}

/* Reads a line into s->line, NUL-terminated, without its end. False at the end of the stream: a line that has no end of its
 * own was cut off, and half a number is a wrong one. */
static bool read_line(struct stream *s, size_t *length)
{
	size_t n = 0;
	int c;

	while ((c = getc_unlocked(s->in)) != EOF && c != '\n') {
		if (n + 1 >= s->allocated && s->allocated <= LINE_MAX_BYTES) {
			s->allocated = s->allocated ? 2 * s->allocated : 512;
			s->line = xrealloc(s->line, s->allocated);
		}
		if (n < LINE_MAX_BYTES)
			s->line[n] = (char)c;
		n++;
	}
	if (!s->line)
		s->line = xmalloc(s->allocated = 512);
	s->too_long = n >= LINE_MAX_BYTES;
	*length = s->too_long ? 0 : n;
	s->line[*length] = '\0';
	return c != EOF;
}

int stream_next(struct stream *s, struct event *e)
{
	if (s->version > STREAM_VERSION) {
		errno = EPROTONOSUPPORT;
		return -1;
	}
	for (;;) {
		size_t length;
		int first = 0;

		if (!read_line(s, &length))
			return ferror(s->in) ? -1 : 0;
		if (s->too_long) {
			s->bad++;
			continue;
		}
		if (length > 0 && s->line[length - 1] == '\r')
			length--;
		s->line[length] = '\0';
		if (s->lines++ == 0)
			first = first_line(s);
		if (first < 0) {
			errno = EPROTONOSUPPORT;
			return -1;
		}
		if (first == 0 && parse_line(s, length, e))
			return 1;
	}
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
