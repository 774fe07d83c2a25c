/* SPDX-License-Identifier: Apache-2.0 */
/* line-kinds.h - the kinds of lines in a stream: one table for all readers and writers.
 * postproc/README.md lists what else a new kind needs. */
#ifndef HUD_STREAM_LINE_KINDS_H
#define HUD_STREAM_LINE_KINDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "stream/event.h"

struct fields;

/* Parses the fields behind the keyword; *e is all 0 except its kind. */
typedef void line_parse(struct fields *c, struct event *e);

/* Writes the fields, each behind a space. */
typedef void line_write(FILE *out, const struct event *e);

/* What a reader that does not parse a line needs to know. */
enum line_use {
	LINE_HEAD = 1, /* precedes the trace: stays when a recording's oldest lines are dropped */
	/* Describes a stack: kept for events that name it, replaced when names are embedded. */
	LINE_STACK = 2,
	LINE_EVENT = 4, /* something that happened: missed if it is lost */
};

struct line_kind {
	const char *name;
	enum event_kind kind;
	/* Names of the fields, as in probes/README.md. If the first is NS, the line has a time. */
	const char *fields;
	unsigned use;	   /* bits of enum line_use */
	line_parse *parse; /* NULL: only recognised */
	line_write *write; /* NULL: only probes write it */
};

/* The kind of a line of `length` bytes, with or without newline; NULL if unknown. */
const struct line_kind *line_kind_of(const char *line, size_t length);

/* Does the line's kind have this use? */
bool line_is(const char *line, size_t length, enum line_use use);

/* The kinds, from 0; NULL behind the last. */
const struct line_kind *line_kind_at(size_t i);

/* The start of the field with this name, in a line of a known kind; NULL if it has none. */
const char *line_field(const char *line, size_t length, const char *name);

/* The decimal number in that field; 0 if there is none. */
uint64_t line_number(const char *line, size_t length, const char *name);

/* The time in the line, ns; 0 if it has none. */
uint64_t line_time(const char *line, size_t length);

/* From head-lines.c, stack-lines.c, trace-lines.c, runtime-lines.c and look-lines.c: */
line_parse parse_meta, parse_map, parse_thread, parse_tokio, parse_site;
line_write write_version, write_meta, write_map, write_thread, write_tokio, write_site;
line_parse parse_stack, parse_words, parse_returns, parse_frames, parse_frame, parse_same;
line_write write_stack, write_words, write_returns, write_frame, write_same;
line_parse parse_begin, parse_end, parse_sample, parse_runq, parse_sleep, parse_poll, parse_ready,
	parse_named, parse_gone, parse_limit, parse_shorter, parse_counted, parse_thin, parse_throttled,
	parse_steal, parse_descriptor, parse_parked;
line_write write_begin, write_end, write_named, write_torn, write_throttled, write_steal, write_descriptor,
	write_parked;
line_parse parse_runtime, parse_worked, parse_pooled;
line_write write_runtime, write_worked, write_pooled;
line_parse parse_look, parse_stands, parse_behind;
line_write write_look, write_stands, write_behind;
bool parse_took(const char *line, struct event *e);

#endif
