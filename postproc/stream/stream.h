/* SPDX-License-Identifier: Apache-2.0 */
/* stream.h - parses an event-line stream (probes/README.md): bytes in, events out. */
#ifndef HUD_STREAM_STREAM_H
#define HUD_STREAM_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stream/event.h"

/* The version that is written. It and earlier ones are read. Since version 2, the fields of a `tokio` line
 * have names. */
#define STREAM_VERSION 2

struct stream;

/* Exits the program when out of memory. */
struct stream *stream_new(void);
void stream_free(struct stream *s);

/* Adds the next `size` bytes of the stream, cut anywhere. The caller owns them, and must leave them unchanged
 * until stream_next() returns 0. */
void stream_put(struct stream *s, const char *bytes, size_t size);

/* The next event. Returns 1: *e is set; its strings are valid until the next call. 0: the bytes hold no more;
 * an incomplete line waits for the rest. -1 with errno EPROTONOSUPPORT: the stream has a later version. Lines
 * that are no event lines, or longer than 1 MiB, are counted and skipped. */
int stream_next(struct stream *s, struct event *e);

/* From now on lines of no known kind come as EVENT_OTHER, comments as well, and the empty lines behind them. */
void stream_take_others(struct stream *s);

/* What was skipped so far: lines of an unknown kind, and lines of a known kind that could not be parsed. */
uint64_t stream_unknown_lines(const struct stream *s);
#define STREAM_UNKNOWN_KINDS 8

/* The i-th unknown kind (plain ASCII, valid as long as the stream), in order of appearance, and how many
 * lines have it; NULL if there are fewer. */
const char *stream_unknown_kind(const struct stream *s, size_t i, uint64_t *lines);

uint64_t stream_bad_lines(const struct stream *s);

/* The version in the first line; 0 if it has none (output of a single probe). */
unsigned stream_version(const struct stream *s);

#endif
