/* stream.h - the event-line stream, as described in probes/README.md: from bytes, as they come, to events. */
#ifndef HUD_STREAM_STREAM_H
#define HUD_STREAM_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stream/event.h"

/* The version that is written; it and all before are read. Version 2 has names for the fields of a `tokio` line. */
#define STREAM_VERSION 2

struct stream;

/* Exits the program when out of memory. */
struct stream *stream_new(void);
void stream_free(struct stream *s);

/* The next `size` bytes of the stream, however they are cut. They stay the caller's, and as they are until stream_next() has returned 0. */
void stream_put(struct stream *s, const char *bytes, size_t size);

/* The next event. 1: *e is filled; its strings are valid until the next call. 0: there is none in what was put; a line without its end
 * waits for more. -1 with errno EPROTONOSUPPORT: the stream is of a later version. Lines that are not event lines, or longer than
 * 1 MiB, are counted and skipped. */
int stream_next(struct stream *s, struct event *e);

/* What was skipped so far: lines of an unknown kind, and lines of a known kind that could not be parsed. */
uint64_t stream_unknown_lines(const struct stream *s);
#define STREAM_UNKNOWN_KINDS 8

/* The i-th of the first so many kinds among them, and how many lines are of it; NULL if there are not that many. The name is
 * plain ASCII, and valid as long as the stream. */
const char *stream_unknown_kind(const struct stream *s, size_t i, uint64_t *lines);

uint64_t stream_bad_lines(const struct stream *s);

/* The version in the stream's first line, 0 if it has none (a bare probe's output). */
unsigned stream_version(const struct stream *s);

#endif
