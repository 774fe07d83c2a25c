/* SPDX-License-Identifier: Apache-2.0 */
/* ring.h - remembers what dropped lines at the start of a recording said: which threads came and went, which
 * stacks later events name, and when the recording begins.
 *
 * The recorder passes each block of lines. When it drops the oldest blocks, ring_start() writes what replaces
 * them.
 */
#ifndef HUD_STREAM_RECORD_RING_H
#define HUD_STREAM_RECORD_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct ring;

/* All functions exit the program when out of memory. */
struct ring *ring_new(void);
void ring_free(struct ring *ring);

/* How many bytes of `lines` belong to the stream's head, which precedes all events. Keeps them. */
size_t ring_head(struct ring *ring, const char *lines, size_t size);

/* Reads the lines of a block. Returns the newest time in them, 0 if there is none. */
uint64_t ring_add(struct ring *ring, const char *lines, size_t size);

/* The time from which stacks must be kept if everything before `start` is dropped. */
uint64_t ring_stacks_from(const struct ring *ring, uint64_t start);

/* Everything before `start` is dropped, and no recording will begin before it. */
void ring_forget(struct ring *ring, uint64_t start);

/* Writes the head of a recording that begins at `start`; later calls must not pass an earlier time. */
void ring_start(struct ring *ring, uint64_t start, FILE *out);

/* Does this line describe a stack, or part of one? *frames says whether the line before was `frames` or below
 * it, and is updated. */
bool ring_is_stack(const char *line, bool *frames);

#endif
