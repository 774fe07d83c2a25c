/* SPDX-License-Identifier: Apache-2.0 */
/* test_unpack.c - compressed streams: complete, in several parts, truncated, damaged, and huge when
 * unpacked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stream/record/pack.h"
#include "stream/record/unpack.h"

#define TEXT 300000

static char text[TEXT];

/* Lines that compress, but not to nothing. */
static int fill(void **state)
{
	uint32_t n = 1;

	(void)state;
	for (size_t i = 0; i < TEXT; i++) {
		n = n * 1664525 + 1013904223;
		text[i] = (char)(i % 40 == 39 ? '\n' : 'a' + (n >> 28));
	}
	return 0;
}

/* A reader of these bytes. */
static FILE *reader(const void *bytes, size_t size)
{
	char name[] = "/tmp/test_unpack.XXXXXX";
	int fd = mkstemp(name);

	assert_true(fd >= 0);
	unlink(name);
	assert_int_equal(write(fd, bytes, size), size);
	lseek(fd, 0, SEEK_SET);
	return unpack_fd(fd);
}

/* Reads as much as possible; at least the first `right` bytes must equal the text. Returns how much; *error
 * is 0 at the end. */
static size_t read_some(FILE *in, size_t right, int *error)
{
	char *got = malloc(2 * TEXT);
	size_t size;

	assert_non_null(in);
	assert_non_null(got);
	errno = 0;
	size = fread(got, 1, 2 * TEXT, in);
	*error = ferror(in) ? errno : 0;
	assert_true(size <= TEXT);
	assert_memory_equal(got, text, size < right ? size : right);
	free(got);
	fclose(in);
	return size;
}

static size_t read_all(FILE *in, int *error)
{
	return read_some(in, TEXT, error);
}

/* The text as `parts` members in a row. The caller frees it. */
static char *packed(enum packing packing, size_t parts, size_t *size)
{
	struct packer *packer = packer_new(packing);
	char *all = malloc(2 * TEXT);
	size_t length;

	assert_non_null(all);
	*size = 0;
	for (size_t i = 0; i < parts; i++) {
		const void *part = pack(packer, text + TEXT / parts * i, TEXT / parts, &length);

		memcpy(all + *size, part, length);
		*size += length;
	}
	packer_free(packer);
	return all;
}

static const enum packing packings[] = {PACKING_NONE, PACKING_GZIP, PACKING_ZSTD};

static void whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++)
		for (size_t parts = 1; parts <= 30; parts += 29) {
			size_t size;
			char *bytes = packed(packings[i], parts, &size);
			int error;

			assert_true(packings[i] == PACKING_NONE || size < TEXT * 3 / 4);
			assert_int_equal(read_all(reader(bytes, size), &error), TEXT);
			assert_int_equal(error, 0);
			free(bytes);
		}
}

/* A truncated stream is read as far as it goes, without an error; a longer one never gives less. */
static void cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		size_t size, before = 0; /* the first four bytes tell the format */
		char *bytes = packed(packings[i], 3, &size);
		int error;

		for (size_t length = 4; length <= size;
		     length += length < 40 || size - length < 1100 ? 1 : 997) {
			size_t got = read_all(reader(bytes, length), &error);

			assert_int_equal(error, 0);
			assert_true(got >= before);
			before = got;
		}
		assert_int_equal(before, TEXT);
		free(bytes);
	}
}

static void damaged(void **state)
{
	(void)state;
	for (size_t i = 1; i < 3; i++) {
		size_t size;
		char *bytes = packed(packings[i], 3, &size);
		int error;

		memset(bytes + size / 2, 0xff, 64); /* in the second of three */
		/* Damage may only show at the end of a part. */
		size_t got = read_some(reader(bytes, size), TEXT / 3, &error);

		assert_int_equal(error, EBADMSG);
		assert_true(got >= TEXT / 3 && got < TEXT);
		free(bytes);
	}
}

static void what_follows(void **state)
{
	(void)state;
	for (size_t i = 1; i < 3; i++) {
		size_t size;
		char *bytes = packed(packings[i], 1, &size);
		int error;

		/* Zeros, as after a crash, are ignored. */
		memset(bytes + size, 0, 1000);
		assert_int_equal(read_all(reader(bytes, size + 1000), &error), TEXT);
		assert_int_equal(error, 0);
		bytes[size + 500] = 'x';
		assert_int_equal(read_all(reader(bytes, size + 1000), &error), TEXT);
		assert_int_equal(error, EBADMSG);
		free(bytes);
	}
}

/* A frame that requires a window of 2 GiB is refused. */
static void wide_window(void **state)
{
	/* RFC 8878, 3.1.1.1: no single segment, so a window descriptor follows: exponent 21, 1 KiB << 21. */
	static const unsigned char frame[] = {0x28, 0xb5, 0x2f, 0xfd, 0x00, 21 << 3, 0x01, 0x00, 0x00};
	int error;

	(void)state;
	assert_int_equal(read_all(reader(frame, sizeof frame), &error), 0);
	assert_int_equal(error, EFBIG);
}

/* A gigabyte packed into a few hundred kilobytes is read without using memory. */
static void bomb(void **state)
{
	size_t size, total = 0, got, zeros = 64 << 20;
	struct packer *packer = packer_new(PACKING_ZSTD);
	char *block = calloc(1, zeros), *bytes;
	const void *part;

	(void)state;
	assert_non_null(block);
	part = pack(packer, block, zeros, &size);
	bytes = malloc(16 * size);
	assert_non_null(bytes);
	for (size_t i = 0; i < 16; i++)
		memcpy(bytes + i * size, part, size);
	free(block);
	FILE *in = reader(bytes, 16 * size);
	char some[65536];

	while ((got = fread(some, 1, sizeof some, in)) > 0)
		total += got;
	assert_int_equal(total, 16 * zeros);
	fclose(in);
	free(bytes);
	packer_free(packer);
}

static void names(void **state)
{
	(void)state;
	assert_int_equal(packing_of("a.gz"), PACKING_GZIP);
	assert_int_equal(packing_of("a.b.zst"), PACKING_ZSTD);
	assert_int_equal(packing_of("a.gz.txt"), PACKING_NONE);
	assert_int_equal(packing_of("gz"), PACKING_NONE);
	assert_null(unpack_open("/nonexistent/x"));
	assert_int_equal(errno, ENOENT);
	assert_null(unpack_open("/"));
	assert_int_equal(errno, EISDIR);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),	cmocka_unit_test(cut),	       cmocka_unit_test(damaged),
		cmocka_unit_test(what_follows), cmocka_unit_test(wide_window), cmocka_unit_test(bomb),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, fill, NULL);
}
