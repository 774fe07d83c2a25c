/* SPDX-License-Identifier: Apache-2.0 */
/* copyring.c - see copyring.h. Layout of the maps: probes/stack.bt. */
#include "target/copyring.h"

#include <errno.h>
#include <libiberty/libiberty.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/process.h"
#include "target/bpfmap.h"

#define BLOCKS 8 /* of a row; each is in a map of its own */
#define BLOCK_SIZE 256
#define ROW_SIZE ((size_t)BLOCKS * BLOCK_SIZE)
#define CHECK_ROWS 8 /* after so many rows it checks whether they were still valid */

/* The maps: the blocks', and */
enum {
	PIECE = BLOCKS, /* how many pieces of the ring were ever handed out */
	KEPT_AT,	/* by thread: where its next kept copy goes; absent if none are kept */
	MAPS
};

struct copyring {
	struct copyring_shape shape;
	struct bpfmap_wanted map[MAPS];
};

/* The position of a copy. */
struct position {
	bool kept;	/* in its thread's own rows, not in the ring */
	uint64_t tid;	/* of a kept copy */
	uint64_t at;	/* its first row, counted without wrapping */
	uint64_t base;	/* added to row numbers for keys */
	uint64_t slots; /* how many rows before they are used again */
};

static struct position find(const struct copyring *ring, uint64_t copy)
{
	struct position position = {.kept = copy >> 62 == 3};

	if (position.kept) {
		position.tid = copy >> 40 & 0x3fffff;
		position.at = copy & (((uint64_t)1 << 40) - 1);
		position.base = position.tid << 32;
		position.slots = ring->shape.kept;
	} else {
		position.at = copy & (((uint64_t)1 << 62) - 1);
		position.slots = ring->shape.slots;
	}
	return position;
}

/* Has it not been overwritten yet? */
static bool is_there(const struct copyring *ring, const struct position *position)
{
	uint64_t now = 0;

	if (!position->kept)
		return bpfmap_number(ring->map[PIECE].map) - position->at / ring->shape.rows <
		       ring->shape.slots / ring->shape.rows;
	if (ring->map[KEPT_AT].map >= 0)
		bpfmap_value(ring->map[KEPT_AT].map, position->tid, &now);
	return now - position->at <= position->slots - ring->shape.rows;
}

struct copyring *copyring_open(pid_t pid, const struct copyring_shape *shape)
{
	static const char *const names[] = {"block0", "block1", "block2", "block3", "block4",
					    "block5", "block6", "block7", "piece",  "kept_at"};
	struct copyring *ring = xcalloc(1, sizeof(*ring));
	int pidfd = process_open(pid), error = errno;

	ring->shape = *shape;
	for (size_t i = 0; i < MAPS; i++)
		ring->map[i] =
			(struct bpfmap_wanted){names[i], i < BLOCKS ? BLOCK_SIZE : sizeof(uint64_t), -1};
	if (pidfd >= 0) {
		error = bpfmap_open_all(pidfd, pid, ring->map, MAPS);
		close(pidfd);
	}
	for (size_t i = 0; i <= PIECE; i++) {
		if (ring->map[i].map >= 0)
			continue;
		copyring_close(ring);
		errno = error ? error : ENOENT;
		return NULL;
	}
	return ring;
}

void copyring_close(struct copyring *ring)
{
	if (!ring)
		return;
	for (size_t i = 0; i < MAPS; i++)
		if (ring->map[i].map >= 0)
			close(ring->map[i].map);
	free(ring);
}

/* Reads row `row` of a copy: its first `bytes` bytes, or all. Returns false if it is not there. */
static bool read_row(const struct copyring *ring, const struct position *position, uint64_t row, size_t bytes,
		     char *to)
{
	uint64_t key = position->base + (position->at + row) % position->slots;
	char block[BLOCK_SIZE];

	for (size_t i = 0, done = 0; i < BLOCKS && done < bytes; i++, done += BLOCK_SIZE) {
		size_t part = bytes - done < BLOCK_SIZE ? bytes - done : BLOCK_SIZE;

		if (!bpfmap_value(ring->map[i].map, key, block))
			return false;
		memcpy(to + done, block, part);
	}
	return true;
}

/* Have the maps been emptied, so that no trace of the copy is left? */
static bool is_cleared(const struct copyring *ring, const struct position *position)
{
	uint64_t at;

	return position->kept ? !bpfmap_value(ring->map[KEPT_AT].map, position->tid, &at)
			      : bpfmap_number(ring->map[PIECE].map) == 0;
}

static size_t read_rows(const struct copyring *ring, const struct position *position, size_t bytes, char *to)
{
	size_t sure = 0, done = 0;

	/* Reading costs a system call for each block, so a reader that is late does not catch up if it reads what
	 * is lost anyway: it would be late for all that follow. */
	if (!is_there(ring, position))
		return 0;
	for (uint64_t row = 0; done < bytes; row++) {
		size_t left = bytes - done;

		if (!read_row(ring, position, row, left, to + done))
			break;
		done += left < ROW_SIZE ? left : ROW_SIZE;
		if (done < bytes && row % CHECK_ROWS != CHECK_ROWS - 1)
			continue;
		if (!is_there(ring, position))
			return sure;
		sure = done;
	}
	return done > sure && is_there(ring, position) ? done : sure;
}

size_t copyring_read(struct copyring *ring, uint64_t copy, size_t bytes, uint64_t *words, bool *cleared)
{
	const struct position position = find(ring, copy);
	size_t most = ring->shape.rows * ROW_SIZE, there;

	there = read_rows(ring, &position, bytes < most ? bytes : most, (char *)words);
	*cleared = there < bytes && is_cleared(ring, &position);
	return there;
}
