/* SPDX-License-Identifier: Apache-2.0 */
/* peek.h - reads the target's memory, and keeps what was read: a future is read whole, and then looked at. */
#ifndef HUD_AWAITS_PEEK_H
#define HUD_AWAITS_PEEK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "target/memory-reader.h"

#define PEEK_BLOCKS 8
#define PEEK_BLOCK 65536u /* bytes of an object that are kept at most */

/* All zero but `memory`: nothing was read. */
struct peek {
	const struct memory_reader *memory;
	struct peek_block {
		uint64_t address;
		size_t size, room;
		unsigned char *bytes;
	} block[PEEK_BLOCKS];
	size_t next; /* which block is replaced */
};

/* Reads an object of `size` bytes, because parts of it will be asked for. */
void peek_object(struct peek *peek, uint64_t address, uint64_t size);

/* Copies `size` bytes. Returns false if they are not there. */
bool peek_bytes(struct peek *peek, uint64_t address, void *to, size_t size);

/* A number of 1 to 8 bytes. */
bool peek_number(struct peek *peek, uint64_t address, uint64_t size, uint64_t *number);

/* A pointer that is not null. */
bool peek_pointer(struct peek *peek, uint64_t address, uint64_t *pointer);

/* Forgets what was read. */
void peek_forget(struct peek *peek);
void peek_free(struct peek *peek);

#endif
