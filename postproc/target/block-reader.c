/* SPDX-License-Identifier: Apache-2.0 */
/* block-reader.c - see block-reader.h. */
#include "target/block-reader.h"

#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"

#define BLOCK 1024u /* bytes; pages are a multiple, so a block is readable as a whole or not at all */

struct block {
	uint64_t number; /* its address / BLOCK */
	bool there;
	unsigned char bytes[BLOCK];
};

struct block_reader {
	struct memory_reader from;
	struct block *block;
	size_t count, room;
};

struct block_reader *block_reader_new(const struct memory_reader *from)
{
	struct block_reader *r = xcalloc(1, sizeof(*r));

	r->from = *from;
	return r;
}

void block_reader_free(struct block_reader *r)
{
	if (r)
		free(r->block);
	free(r);
}

void block_reader_forget(struct block_reader *r)
{
	r->count = 0;
}

/* The latest are likely to be asked for again. */
static const struct block *block_of(struct block_reader *r, uint64_t number)
{
	for (size_t i = r->count; i-- > 0;)
		if (r->block[i].number == number)
			return &r->block[i];
	GROW(r->block, r->room, r->count + 1);
	struct block *block = &r->block[r->count++];

	block->number = number;
	block->there = r->from.read(r->from.arg, number * BLOCK, block->bytes, BLOCK);
	return block;
}

static bool read_blocks(void *arg, uint64_t address, void *to, size_t size)
{
	unsigned char *next = to;

	if (address + size < address)
		return false;
	while (size) {
		const struct block *block = block_of(arg, address / BLOCK);
		size_t at = address % BLOCK, part = BLOCK - at < size ? BLOCK - at : size;

		if (!block->there)
			return false;
		memcpy(next, block->bytes + at, part);
		next += part;
		address += part;
		size -= part;
	}
	return true;
}

struct memory_reader block_reader_memory(struct block_reader *r)
{
	return (struct memory_reader){read_blocks, r};
}
