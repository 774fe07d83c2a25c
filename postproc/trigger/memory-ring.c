/* SPDX-License-Identifier: Apache-2.0 */
/* memory-ring.c - see memory-ring.h. */
#include "trigger/memory-ring.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libiberty/libiberty.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/grow.h"
#include "base/write-all.h"
#include "stream/line-kinds.h"
#include "stream/record/pack.h"
#include "stream/record/ring.h"
#include "stream/record/unpack.h"

#define BLOCK_BYTES (256u << 10)
#define BLOCK_NS 250000000u /* of the stream's time in a block: a recording begins with a block */
#define STACKS_LIMIT                                                                                         \
	(16u << 20) /* bytes of lines that describe stacks from before a recording begins, the newest */

/* Lines that were compressed together. */
struct block {
	uint64_t newest; /* time in it or before it */
	uint64_t at;	 /* in the memory file */
	size_t size;
};

struct memory_ring {
	uint64_t span, limit;
	int fd;
	uint64_t next, held; /* where the next block goes; bytes of all */
	struct ring *known;
	struct packer *packer;
	struct block *block;
	size_t first, end, allocated; /* the blocks that are there */
	uint64_t dropped;	      /* newest time of a block that is not there any more */
	char *lines;		      /* not compressed yet */
	size_t filled, room;
	uint64_t oldest, newest; /* times in these */
	uint64_t began;		 /* the first time of all */
	bool ended;		 /* an end line came */
};

struct memory_ring *memory_ring_new(uint64_t span, uint64_t limit)
{
	int fd = memfd_create("hud-ring", MFD_CLOEXEC);

	if (fd < 0)
		return NULL;
	struct memory_ring *r = xcalloc(1, sizeof(*r));

	r->span = span;
	r->limit = limit;
	r->fd = fd;
	r->known = ring_new();
	r->packer = packer_new(PACKING_ZSTD);
	return r;
}

void memory_ring_free(struct memory_ring *r)
{
	if (!r)
		return;
	ring_free(r->known);
	packer_free(r->packer);
	close(r->fd);
	free(r->block);
	free(r->lines);
	free(r);
}

static uint64_t newest_of(const struct memory_ring *r)
{
	return r->first < r->end ? r->block[r->end - 1].newest : r->dropped;
}

/* The kernel takes back the memory of what stood before the first block. */
static void drop_first(struct memory_ring *r)
{
	const struct block *b = &r->block[r->first++];

	r->dropped = b->newest;
	r->held -= b->size;
	ring_forget(r->known, r->dropped);
	fallocate(r->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)(b->at + b->size));
	if (r->first < r->end / 2)
		return;
	r->end -= r->first;
	memmove(r->block, r->block + r->first, r->end * sizeof(*r->block));
	r->first = 0;
}

/* Drops what is too old, and what `size` more bytes have no room beside. */
static void make_room(struct memory_ring *r, size_t size, uint64_t newest)
{
	uint64_t from = ring_stacks_from(r->known, newest > r->span ? newest - r->span : 0);

	while (r->first < r->end && (r->block[r->first].newest < from || r->held + size > r->limit))
		drop_first(r);
}

/* Compresses the lines that wait. */
static int end_block(struct memory_ring *r)
{
	size_t size;
	const void *packed = pack(r->packer, r->lines, r->filled, &size);
	uint64_t newest = ring_add(r->known, r->lines, r->filled), before = newest_of(r);

	r->filled = 0;
	r->oldest = r->newest = 0;
	newest = newest > before ? newest : before;
	if (size > r->limit) {
		errno = EFBIG;
		return -1;
	}
	make_room(r, size, newest);
	if (pwrite(r->fd, packed, size, (off_t)r->next) != (ssize_t)size) {
		errno = errno ? errno : ENOSPC;
		return -1;
	}
	GROW(r->block, r->allocated, r->end + 1);
	r->block[r->end++] = (struct block){.newest = newest, .at = r->next, .size = size};
	r->next += size;
	r->held += size;
	return 0;
}

static void note_times(struct memory_ring *r, const char *lines, size_t size)
{
	for (size_t at = 0, length; at < size; at += length) {
		const char *newline = memchr(lines + at, '\n', size - at);
		uint64_t ns;

		length = newline ? (size_t)(newline - lines) + 1 - at : size - at;
		const struct line_kind *kind = line_kind_of(lines + at, length);

		ns = line_time(lines + at, length);
		if (!ns)
			continue;
		r->ended = kind->kind == EVENT_END || (r->ended && kind->kind != EVENT_BEGIN);
		r->oldest = !r->oldest || ns < r->oldest ? ns : r->oldest;
		r->newest = ns > r->newest ? ns : r->newest;
		r->began = r->began ? r->began : ns;
	}
}

int memory_ring_add(struct memory_ring *r, const char *lines, size_t size)
{
	size_t head = ring_head(r->known, lines, size);

	errno = 0;
	lines += head;
	size -= head;
	if (!size)
		return 0;
	GROW(r->lines, r->room, r->filled + size);
	memcpy(r->lines + r->filled, lines, size);
	r->filled += size;
	note_times(r, lines, size);
	return r->filled >= BLOCK_BYTES || r->newest - r->oldest >= BLOCK_NS ? end_block(r) : 0;
}

/* Copies a block. `to` gets the compressed bytes. Returns 0, or -1 with errno set. */
static int copy_block(const struct memory_ring *r, const struct block *b, int to)
{
	char *bytes = xmalloc(b->size);
	ssize_t got = pread(r->fd, bytes, b->size, (off_t)b->at);
	int failed = got == (ssize_t)b->size ? write_all(to, bytes, b->size) : -1;

	free(bytes);
	return failed;
}

/* Writes those lines of the blocks before `first` that describe stacks which later ones name. */
static void write_stacks(struct memory_ring *r, size_t first, uint64_t start, FILE *out)
{
	uint64_t from = ring_stacks_from(r->known, start);
	size_t oldest = first, room = 0;
	int fd = memfd_create("hud-stacks", MFD_CLOEXEC);
	bool frames = false;
	char *line = NULL;
	ssize_t length;

	if (fd < 0)
		return;
	for (uint64_t size = 0; oldest > r->first && r->block[oldest - 1].newest >= from; oldest--) {
		size += r->block[oldest - 1].size;
		if (size > STACKS_LIMIT)
			break;
	}
	for (size_t i = oldest; i < first; i++)
		if (copy_block(r, &r->block[i], fd))
			break;
	lseek(fd, 0, SEEK_SET);
	FILE *in = unpack_fd(fd);

	while (in && (length = getline(&line, &room, in)) > 0)
		if (ring_is_stack(line, &frames))
			fwrite(line, 1, (size_t)length, out);
	free(line);
	if (in)
		fclose(in);
}

/* Writes a text as a part of its own. Frees it. */
static int write_packed(struct memory_ring *r, char *text, size_t size, int fd)
{
	size_t packed;
	const void *bytes = pack(r->packer, text, size, &packed);
	int failed = write_all(fd, bytes, packed);

	free(text);
	return failed;
}

/* What precedes the blocks from `first` on. */
static int write_start(struct memory_ring *r, size_t first, uint64_t start, int fd)
{
	char *text;
	size_t size;
	FILE *memory = open_memstream(&text, &size);

	if (!memory)
		xmalloc_failed(0);
	ring_start(r->known, start, memory);
	write_stacks(r, first, start, memory);
	if (fclose(memory) != 0)
		xmalloc_failed(0);
	return write_packed(r, text, size, fd);
}

int memory_ring_write(struct memory_ring *r, uint64_t from, int fd, uint64_t *begins)
{
	if (r->filled && end_block(r))
		return -1;
	size_t first = r->first;

	while (first < r->end && r->block[first].newest < from)
		first++;
	uint64_t start = first > r->first ? r->block[first - 1].newest : r->dropped;

	*begins = start;
	int failed = write_start(r, first, start ? start : r->began, fd);

	for (size_t i = first; i < r->end && !failed; i++)
		failed = copy_block(r, &r->block[i], fd);
	if (failed || r->ended)
		return failed;
	char *end = text_format("end %" PRIu64 " trigger\n", newest_of(r));

	return write_packed(r, end, strlen(end), fd);
}
