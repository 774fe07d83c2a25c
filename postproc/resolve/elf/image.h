/* image.h - what of an ELF file is loaded into memory: its bytes, the pointers that the loader fills in, and where functions
 * begin. For questions that neither symbols nor debug info answer. What the file holds may be anything. */
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

/* The word at `where` becomes `value` when the file is loaded. */
struct relocation {
	uint64_t where, value;
};

/* One function, as .eh_frame_hdr has it; without that, as its code tells. */
struct function {
	uint64_t start, end; /* ELF virtual addresses */
	bool scanned;	     /* the rest is filled in, by locations.c */
	size_t count;
	struct location *location; /* in the order of the code */
};

struct image {
	struct segment segment[SEGMENTS_MAX];
	size_t segments;
	struct relocation *relocation; /* sorted */
	size_t relocations;
	struct function *function; /* sorted by start */
	size_t functions;
	bool x86_64, aarch64;
	bool entries_sought; /* where functions begin was looked for in the code */
	struct htab *files;  /* the texts of locations.c */
};

/* That of the module, read when it is first asked for; of a file that cannot be read an empty one. Owned by the module. */
struct image *image_of(struct module *module);

/* Where the file has `address`, which is an ELF virtual address as all of them here: *left bytes (may be NULL) can be read there,
 * at least `size`. NULL: not in the file. */
const unsigned char *image_bytes(const struct image *image, uint64_t address, uint64_t size, uint64_t *left);

/* What the word at `where`, whose bytes are `at`, is when the file is loaded. */
uint64_t image_pointer(const struct image *image, uint64_t where, const unsigned char *at);

/* The function that covers `address`, or NULL. */
struct function *image_function(struct image *image, uint64_t address);

/* Little-endian words of a file. */
uint32_t image_word32(const unsigned char *at);
uint64_t image_word64(const unsigned char *at);

#endif
