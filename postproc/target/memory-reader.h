/* SPDX-License-Identifier: Apache-2.0 */
/* memory-reader.h - how code that follows a target's pointers gets at its memory, whatever that is: a live
 * process, or a core dump. */
#ifndef HUD_TARGET_MEMORY_READER_H
#define HUD_TARGET_MEMORY_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct memory_reader {
	/* Copies `size` bytes at `address`. Returns false unless it gets all. */
	bool (*read)(void *arg, uint64_t address, void *to, size_t size);
	void *arg;
};

static inline bool memory_word(const struct memory_reader *m, uint64_t address, uint64_t *word)
{
	return m->read(m->arg, address, word, sizeof(*word));
}

#endif
