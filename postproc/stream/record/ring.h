/* ring.h - what the beginning of a recording meant, once that is dropped: threads that came and went, stacks that later events
 * name, and since when it goes.
 *
 * A recorder shows it each block of lines; when the oldest blocks go, ring_start() writes what has to stand in their place.
 */
#ifndef HUD_STREAM_RECORD_RING_H
#define HUD_STREAM_RECORD_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct ring;

/* Exits the program when out of memory, as the others do. */
struct ring *ring_new(void);
void ring_free(struct ring *ring);

/* How many bytes of `lines` belong to the head of the stream, which goes before all events. They are kept. */
size_t ring_head(struct ring *ring, const char *lines, size_t size);

/* Takes in the lines of a block. Returns the newest time in them, 0 if there is none. */
uint64_t ring_add(struct ring *ring, const char *lines, size_t size);

/* The time from which on stacks have to be kept when all before `start` is dropped. */
uint64_t ring_stacks_from(const struct ring *ring, uint64_t start);

/* Writes the head of a recording that begins at `start`, which must not go back. */
void ring_start(struct ring *ring, uint64_t start, FILE *out);

/* Is this a line that describes a stack, or part of one? *frames: the line before was `frames` or below it; kept up to date. */
bool ring_is_stack(const char *line, bool *frames);

#endif
