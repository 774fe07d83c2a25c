/* SPDX-License-Identifier: Apache-2.0 */
/* memory.c - see memory.h. */
#include "target/memory.h"

#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bisect.h"

void memory_free(struct memory *memory)
{
	if (!memory)
		return;
	for (size_t i = 0; i < memory->count; i++)
		free((char *)memory->area[i].path);
	free(memory->area);
	free(memory->thread);
	free(memory->exe);
	free(memory->segments);
	free(memory->windows);
	close(memory->fd);
	if (memory->pagemap >= 0)
		close(memory->pagemap);
	free(memory);
}

const struct memory_area *memory_area_at(const struct memory *memory, uint64_t address)
{
	size_t i = FIRST_BEYOND(memory->area, memory->count, start, address);

	return i && address < memory->area[i - 1].end ? &memory->area[i - 1] : NULL;
}

/* A part of one area. */
static bool read_part(struct memory *memory, const struct memory_area *area, uint64_t address, char *to,
		      size_t size)
{
	if (!area->readable)
		return false;
	while (size) {
		uint64_t page = address & ~(uint64_t)(MEMORY_PAGE - 1);
		bool there;
		uint64_t wanted = size + (address - page), left = area->end - page;
		uint64_t run = memory->source->run(memory, page, wanted < left ? wanted : left, &there) -
			       (address - page);
		size_t part = run < size ? (size_t)run : size;

		/* A writable page that is not there was never written, or is swapped out. */
		if (there ? !memory->source->copy(memory, address, to, part)
			  : area->writable || !memory->read_file ||
				    !memory->read_file(memory->file_arg, address, to, part))
			return false;
		address += part;
		to += part;
		size -= part;
	}
	return true;
}

bool memory_read(struct memory *memory, uint64_t address, void *to, size_t size)
{
	while (size) {
		const struct memory_area *area = memory_area_at(memory, address);
		size_t part;

		if (!area)
			return false;
		part = area->end - address < size ? (size_t)(area->end - address) : size;
		if (!read_part(memory, area, address, to, part))
			return false;
		address += part;
		to = (char *)to + part;
		size -= part;
	}
	return true;
}

static bool read_for_others(void *arg, uint64_t address, void *to, size_t size)
{
	return memory_read(arg, address, to, size);
}

struct memory_reader memory_reader_of(struct memory *memory)
{
	return (struct memory_reader){.read = read_for_others, .arg = memory};
}

uint64_t memory_visit(struct memory *memory, const struct memory_area *area, uint64_t limit,
		      void (*visit)(void *context, uint64_t address, const uint64_t *word, size_t words),
		      void *context)
{
	uint64_t *word = xmalloc(MEMORY_PIECE), visited = 0;

	for (uint64_t at = area->start; at < area->end && visited < limit;) {
		uint64_t left = area->end - at, run;
		bool there;

		if (left > MEMORY_PIECE)
			left = MEMORY_PIECE;
		run = memory->source->run(memory, at, left, &there);
		if (there && memory->source->copy(memory, at, word, (size_t)run)) {
			visit(context, at, word, (size_t)run / sizeof(*word));
			visited += run;
		}
		at += run;
	}
	free(word);
	return visited;
}
