/* SPDX-License-Identifier: Apache-2.0 */
/* pack.h - compresses the blocks of a recording one by one: the file is complete after each of them. */
#ifndef HUD_STREAM_RECORD_PACK_H
#define HUD_STREAM_RECORD_PACK_H

#include <stddef.h>

enum packing { PACKING_NONE, PACKING_GZIP, PACKING_ZSTD };

/* The compression for a file of this name: .gz, .zst, otherwise none. */
enum packing packing_of(const char *path);

struct packer;

/* Exits the program when out of memory. */
struct packer *packer_new(enum packing packing);
void packer_free(struct packer *packer);

/* Packs `size` bytes as one gzip member or zstd frame, or not at all. Returns the result, valid until the
 * next call (or as long as `bytes`), and its size in *packed. Exits the program when out of memory. */
const void *pack(struct packer *packer, const void *bytes, size_t size, size_t *packed);

#endif
