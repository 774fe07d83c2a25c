/* line-kinds.h - the kinds of lines that a stream has: one table for all who read or write lines.
 *
 * To add a kind: a value of enum event_kind and the members of struct event that it needs (event.h); its parser, and its writer
 * if C writes it (head-lines.c, stack-lines.c or trace-lines.c); its row in the table (line-kinds.c); a line in probes/README.md.
 * Readers that do not know a kind skip and count it, so that a new one needs no new version of the stream.
 */
#ifndef HUD_STREAM_LINE_KINDS_H
#define HUD_STREAM_LINE_KINDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "stream/event.h"

struct fields;

/* Takes the fields behind the kind; *e is all 0 but for its kind. */
typedef void line_parse(struct fields *c, struct event *e);

/* Writes them, each behind a space. */
typedef void line_write(FILE *out, const struct event *e);

/* What readers that do not parse a line have to know of it. */
enum line_use {
	LINE_HEAD = 1,	/* comes before the trace: stays when the oldest lines of a recording are dropped */
	LINE_STACK = 2, /* describes a stack: kept for events that name it, replaced when names are put in */
	LINE_EVENT = 4, /* something that happened: counts if it is lost */
};

struct line_kind {
	const char *name;
	enum event_kind kind;
	const char
		*fields; /* their names, as probes/README.md has them. A line whose first is NS has a time */
	unsigned use;	 /* bits of enum line_use */
	line_parse *parse; /* NULL: only to be told from others */
	line_write *write; /* NULL: only probes write it */
};

/* The kind of a line of `length` bytes, with its end or without; NULL if it is not known. */
const struct line_kind *line_kind_of(const char *line, size_t length);

/* Is the line of a kind that has this use? */
bool line_is(const char *line, size_t length, enum line_use use);

/* The kinds, from 0 on; NULL behind the last one. */
const struct line_kind *line_kind_at(size_t i);

/* Where the field with this name begins in a line of a known kind; NULL if it has none. */
const char *line_field(const char *line, size_t length, const char *name);

/* The decimal number in that field; 0 if there is none. */
uint64_t line_number(const char *line, size_t length, const char *name);

/* When that was of which the line tells, ns; 0 if it does not say. */
uint64_t line_time(const char *line, size_t length);

/* Of head-lines.c, stack-lines.c and trace-lines.c: */
line_parse parse_meta, parse_map, parse_thread, parse_tokio, parse_site;
line_write write_version, write_meta, write_map, write_thread, write_tokio, write_site;
line_parse parse_stack, parse_words, parse_returns, parse_frames, parse_frame;
line_write write_stack, write_words, write_returns, write_frame;
line_parse parse_begin, parse_end, parse_sample, parse_runq, parse_sleep, parse_poll, parse_named, parse_gone,
	parse_limit, parse_counted, parse_thin, parse_throttled, parse_steal, parse_descriptor, parse_parked;
line_write write_begin, write_end, write_named, write_torn, write_throttled, write_steal, write_descriptor,
	write_parked;
bool parse_took(const char *line, struct event *e);

#endif
