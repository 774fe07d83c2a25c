/* SPDX-License-Identifier: Apache-2.0 */
/* memory-ring.h - the newest lines of a stream, compressed, in memory: any part of them can become a recording of its own.
 *
 * They are in a memory file (memfd_create(2)), so that they count to no limit of the heap.
 */
#ifndef HUD_TRIGGER_MEMORY_RING_H
#define HUD_TRIGGER_MEMORY_RING_H

#include <stddef.h>
#include <stdint.h>

struct memory_ring;

/* Keeps what is at most `span` ns older than the newest line, and what describes its stacks; of that the newest `limit` bytes of compressed
 * lines. Returns NULL with errno set if there is no memory file. */
struct memory_ring *memory_ring_new(uint64_t span, uint64_t limit);
void memory_ring_free(struct memory_ring *ring);

/* Adds whole lines. Returns 0, or -1 with errno set: then they are missing. */
int memory_ring_add(struct memory_ring *ring, const char *lines, size_t size);

/* Writes to `fd` what has come since `from` (ns of the stream's clock), as a recording that zstd has compressed. `from` must not be earlier
 * than in a call before. *begins: since when it has everything, later than `from` if the ring was too small; 0: since the stream began.
 * Returns 0, or -1 with errno set. */
int memory_ring_write(struct memory_ring *ring, uint64_t from, int fd, uint64_t *begins);

#endif
