/* SPDX-License-Identifier: Apache-2.0 */
/* panic-locations.c - see panic-locations.h.
 *
 * Location is { file: &str, line: u32, col: u32 }, 24 bytes, in this order in rustc 1.63 to 1.95. A
 * relocation (R_X86_64_RELATIVE) sets the pointer, or it is there already (RELR, or an executable that is not
 * position independent).
 */
#include "resolve/symbolize/panic-locations.h"

#include <libiberty/hashtab.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "resolve/elf/image.h"
#include "resolve/elf/module.h"

#define SCAN_MAX (256u << 10) /* bytes of a function's code that are read */
#define LOCATIONS_MAX 256     /* kept for a function */
#define BESIDE_MAX 64	      /* functions checked for a neighbour */
#define FILE_MAX 1024	      /* bytes of a path */
#define LINE_MAX_SANE (1u << 24)
#define COLUMN_MAX_SANE (1u << 16)
#define LOCATION_SIZE 24

static const char *intern_file(struct image *l, const unsigned char *bytes, size_t length)
{
	char *file = xstrndup((const char *)bytes, length);
	void **slot = htab_find_slot(l->files, file, INSERT);

	if (*slot)
		free(file);
	else
		*slot = file;
	return *slot;
}

/* Is there a Location at `address`? The address may be any word, so all fields are checked. */
static bool read_location(struct image *l, uint64_t address, struct location *location)
{
	const unsigned char *at = image_bytes(l, address, LOCATION_SIZE, NULL), *file;

	if (!at || address % 8)
		return false;
	uint64_t length = image_word64(at + 8);
	uint32_t line = image_word32(at + 16), column = image_word32(at + 20);

	if (length < 4 || length > FILE_MAX || line == 0 || line > LINE_MAX_SANE || column == 0 ||
	    column > COLUMN_MAX_SANE)
		return false;
	file = image_bytes(l, image_pointer(l, address, at), length, NULL);
	if (!file || memcmp(file + length - 3, ".rs", 3) != 0)
		return false;
	for (uint64_t i = 0; i < length; i++)
		if (file[i] < 0x20 || file[i] == 0x7f)
			return false;
	location->file = intern_file(l, file, (size_t)length);
	location->line = line;
	return true;
}

/* The address that the instruction at `code` (7 bytes) loads, or 0: `lea disp32(%rip), %r64`, and in an
 * executable that is not position independent `mov $imm32, %r32`. */
static uint64_t address_in(const unsigned char *code, uint64_t next)
{
	if ((code[0] & 0xf8) == 0x48 && code[1] == 0x8d && (code[2] & 0xc7) == 0x05)
		return next + (uint64_t)(int64_t)(int32_t)image_word32(code + 3);
	return (code[0] & 0xf8) == 0xb8 ? image_word32(code + 1) : 0;
}

static void scan(struct image *l, struct function *f)
{
	struct location found[LOCATIONS_MAX];
	uint64_t size = f->end - f->start;
	const unsigned char *code;

	f->scanned = true;
	if (!l->x86_64)
		return;
	size = size < SCAN_MAX ? size : SCAN_MAX;
	code = image_bytes(l, f->start, size, NULL);
	for (uint64_t i = 0; code && i + 7 <= size && f->count < LOCATIONS_MAX; i++) {
		uint64_t address = address_in(code + i, f->start + i + 7);

		f->count += address && read_location(l, address, &found[f->count]);
	}
	if (f->count)
		f->location = xmemdup(found, f->count * sizeof(*found), f->count * sizeof(*found));
}

const struct function *locations_find(struct module *module, uint64_t pc)
{
	struct image *l = image_of(module);
	struct function *f = image_function(l, pc - module->bias);

	if (f && !f->scanned)
		scan(l, f);
	return f;
}

const struct function *locations_beside(struct module *module, const struct function *function, bool after)
{
	struct image *l = image_of(module);
	size_t at = (size_t)(function - l->function);

	for (size_t i = 0; i < BESIDE_MAX; i++) {
		if (after ? at + 1 >= l->functions : at == 0)
			return NULL;
		at += after ? 1 : (size_t)-1;
		if (!l->function[at].scanned)
			scan(l, &l->function[at]);
		if (l->function[at].count)
			return &l->function[at];
	}
	return NULL;
}
