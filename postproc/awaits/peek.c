/* SPDX-License-Identifier: Apache-2.0 */
/* peek.c - see peek.h. */
#include "awaits/peek.h"

#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

static const struct peek_block *block_with(const struct peek *peek, uint64_t address, size_t size)
{
	for (size_t i = 0; i < PEEK_BLOCKS; i++) {
		const struct peek_block *block = &peek->block[i];

		if (address >= block->address && size <= block->size &&
		    address - block->address <= block->size - size)
			return block;
	}
	return NULL;
}

void peek_object(struct peek *peek, uint64_t address, uint64_t size)
{
	struct peek_block *block = &peek->block[peek->next];
	size_t wanted = size < PEEK_BLOCK ? (size_t)size : PEEK_BLOCK;

	if (!wanted || block_with(peek, address, wanted))
		return;
	if (wanted > block->room) {
		free(block->bytes);
		block->bytes = xmalloc(wanted);
		block->room = wanted;
	}
	block->size = 0;
	if (!peek->memory->read(peek->memory->arg, address, block->bytes, wanted))
		return;
	block->address = address;
	block->size = wanted;
	peek->next = (peek->next + 1) % PEEK_BLOCKS;
}

bool peek_bytes(struct peek *peek, uint64_t address, void *to, size_t size)
{
	const struct peek_block *block = block_with(peek, address, size);

	if (!block)
		return peek->memory->read(peek->memory->arg, address, to, size);
	memcpy(to, block->bytes + (address - block->address), size);
	return true;
}

/* Targets have this machine's byte order, which is little-endian. */
bool peek_number(struct peek *peek, uint64_t address, uint64_t size, uint64_t *number)
{
	*number = 0;
	return size > 0 && size <= sizeof(*number) && peek_bytes(peek, address, number, (size_t)size);
}

bool peek_pointer(struct peek *peek, uint64_t address, uint64_t *pointer)
{
	return peek_number(peek, address, 8, pointer) && *pointer != 0;
}

void peek_forget(struct peek *peek)
{
	for (size_t i = 0; i < PEEK_BLOCKS; i++)
		peek->block[i].size = 0;
}

void peek_free(struct peek *peek)
{
	for (size_t i = 0; i < PEEK_BLOCKS; i++)
		free(peek->block[i].bytes);
}
