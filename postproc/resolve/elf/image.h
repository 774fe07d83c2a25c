/* SPDX-License-Identifier: Apache-2.0 */
/* image.h - the parts of an ELF file that are loaded into memory: bytes, pointers after relocation, and where
 * functions begin. Used where neither symbols nor debug info help. The file is hostile. */
#ifndef HUD_RESOLVE_ELF_IMAGE_H
#define HUD_RESOLVE_ELF_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct module;
struct location;

#define SEGMENTS_MAX 64

struct segment {
	uint64_t start, size;
	const unsigned char *byte;
	bool executable;
};

/* The loader sets the word at `where` to `value`. */
struct relocation {
	uint64_t where, value;
};

/* A function by .eh_frame_hdr; without that, by its code. */
struct function {
	uint64_t start, end; /* ELF virtual addresses */
	bool scanned;	     /* panic-locations.c has filled in the rest */
	size_t count;
	struct location *location; /* in order of the code */
};

struct image {
	struct segment segment[SEGMENTS_MAX];
	size_t segments;
	struct relocation *relocation; /* sorted */
	size_t relocations;
	struct function *function; /* sorted by start */
	size_t functions;
	bool x86_64, aarch64;
	bool entries_sought; /* function-starts.c has looked for functions */
	struct htab *files;  /* the texts of panic-locations.c */
};

/* The module's image, read on first use; empty if the file cannot be read. Owned by the module. */
struct image *image_of(struct module *module);

/* The bytes at the ELF virtual address `address` (all addresses here are): *left (may be NULL) of them can be
 * read, at least `size`. NULL: not in the file. */
const unsigned char *image_bytes(const struct image *image, uint64_t address, uint64_t size, uint64_t *left);

/* The word at `where` (bytes `at`) after the loader's relocations. */
uint64_t image_pointer(const struct image *image, uint64_t where, const unsigned char *at);

/* The function at `address`, or NULL. */
struct function *image_function(struct image *image, uint64_t address);

/* Little-endian words of a file. */
uint32_t image_word32(const unsigned char *at);
uint64_t image_word64(const unsigned char *at);

#endif
