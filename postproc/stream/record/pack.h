/* pack.h - compresses the blocks of a recording, each by itself: after any of them the file is whole. */
#ifndef HUD_STREAM_RECORD_PACK_H
#define HUD_STREAM_RECORD_PACK_H

#include <stddef.h>

enum packing { PACKING_NONE, PACKING_GZIP, PACKING_ZSTD };

/* What a file of this name is to hold: .gz, .zst, or else plain text. */
enum packing packing_of(const char *path);

struct packer;

/* Exits the program when out of memory. */
struct packer *packer_new(enum packing packing);
void packer_free(struct packer *packer);

/* Makes `size` bytes a gzip member or a zstd frame of its own, or leaves them as they are. Returns it, valid until the next
 * call (or as long as `bytes`); *packed is its size. Exits the program when out of memory. */
const void *pack(struct packer *packer, const void *bytes, size_t size, size_t *packed);

#endif
