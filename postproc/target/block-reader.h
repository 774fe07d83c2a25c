/* SPDX-License-Identifier: Apache-2.0 */
/* block-reader.h - reads memory in blocks, and each block once: for many words that lie close together. */
#ifndef HUD_TARGET_BLOCK_READER_H
#define HUD_TARGET_BLOCK_READER_H

#include "target/memory-reader.h"

struct block_reader;

/* Reads through `from`, whose argument must outlive it. Exits the program when out of memory. */
struct block_reader *block_reader_new(const struct memory_reader *from);
void block_reader_free(struct block_reader *reader);

/* Forgets what was read: from now on memory is read again. */
void block_reader_forget(struct block_reader *reader);

/* What reads through it, as long as it is there. A block that cannot be read whole is as if it were not there. */
struct memory_reader block_reader_memory(struct block_reader *reader);

#endif
