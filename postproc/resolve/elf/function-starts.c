/* SPDX-License-Identifier: Apache-2.0 */
/* function-starts.c - see function-starts.h. */
#include "resolve/elf/function-starts.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <libiberty/libiberty.h>

#include "base/grow.h"
#include "resolve/elf/image.h"

#define ENTRIES_MAX (1u << 20)
#define ALIGNED 16 /* how compilers align functions on x86-64 */

struct entries {
	uint64_t *start;
	size_t count, allocated;
};

static void add(struct entries *e, uint64_t start)
{
	if (e->count == ENTRIES_MAX * 4)
		return;
	GROW(e->start, e->allocated, e->count + 1);
	e->start[e->count++] = start;
}

/* Does the code set up a frame pointer here: push %rbp; mov %rsp, %rbp, perhaps after endbr64? */
static bool keeps_frame(const unsigned char *code, uint64_t left)
{
	static const unsigned char endbr[] = {0xf3, 0x0f, 0x1e, 0xfa}, frame[] = {0x55, 0x48, 0x89, 0xe5},
				   same[] = {0x55, 0x48, 0x8b, 0xec};

	if (left >= 8 && memcmp(code, endbr, sizeof(endbr)) == 0)
		code += sizeof(endbr);
	return left >= 4 &&
	       (memcmp(code, frame, sizeof(frame)) == 0 || memcmp(code, same, sizeof(same)) == 0);
}

/* Does the code save a register or make room on the stack, as most functions do first? */
static bool prepares(const unsigned char *code, uint64_t left)
{
	if (left < 8)
		return false;
	if ((code[0] & 0xf8) == 0x50 || (code[0] == 0x41 && (code[1] & 0xf8) == 0x50))
		return true;
	return (code[0] == 0x48 && (code[1] == 0x83 || code[1] == 0x81) && code[2] == 0xec) ||
	       keeps_frame(code, left);
}

static void scan_x86(const struct image *image, const struct segment *s, struct entries *e)
{
	const unsigned char *end = s->byte + s->size, *at = s->byte;

	for (uint64_t i = 0; i + 8 <= s->size; i += ALIGNED - (s->start + i) % ALIGNED)
		if ((s->start + i) % ALIGNED == 0 && keeps_frame(s->byte + i, s->size - i))
			add(e, s->start + i);
	for (; end - at >= 5 && (at = memchr(at, 0xe8, (size_t)(end - at - 4))); at++) {
		uint64_t to = s->start + (uint64_t)(at - s->byte) + 5 +
			      (uint64_t)(int64_t)(int32_t)image_word32(at + 1),
			 left;
		const unsigned char *code = to - s->start < s->size ? image_bytes(image, to, 1, &left) : NULL;

		if (code && (to % ALIGNED == 0 || prepares(code, left)))
			add(e, to);
	}
}

static void scan_arm(const struct segment *s, struct entries *e)
{
	for (uint64_t i = 0; i + 4 <= s->size; i += 4) {
		uint32_t word = image_word32(s->byte + i);
		int64_t words = (int64_t)(word & 0x3ffffff) - (word & 0x2000000 ? 0x4000000 : 0);
		uint64_t to = s->start + i + (uint64_t)(4 * words);

		if ((word & 0xfc000000) == 0x94000000 && to - s->start < s->size) /* bl */
			add(e, to);
		else if ((word & 0xffc07fff) == 0xa9807bfd) /* stp x29, x30, [sp, #-N]! */
			add(e, s->start + i);
	}
}

static int by_value(const void *one, const void *two)
{
	uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)two;

	return (a > b) - (a < b);
}

uint64_t *function_starts_find(const struct image *image, size_t *count)
{
	struct entries e = {.start = NULL};
	size_t kept = 0;

	for (size_t i = 0; i < image->segments; i++) {
		if (!image->segment[i].executable)
			continue;
		if (image->x86_64)
			scan_x86(image, &image->segment[i], &e);
		else if (image->aarch64)
			scan_arm(&image->segment[i], &e);
	}
	if (e.count)
		qsort(e.start, e.count, sizeof(*e.start), by_value);
	for (size_t i = 0; i < e.count && kept < ENTRIES_MAX; i++)
		if (kept == 0 || e.start[i] != e.start[kept - 1])
			e.start[kept++] = e.start[i];
	*count = kept;
	return e.start;
}
