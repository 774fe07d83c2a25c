/* SPDX-License-Identifier: Apache-2.0 */
/* test_block-reader.c - memory that is read in blocks: the same bytes, with fewer reads, and only where all are there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "target/block-reader.h"

#define BASE 0x7000000u
#define BYTES 8192u

static unsigned char bytes[BYTES];
static unsigned reads;

static bool read_bytes(void *arg, uint64_t address, void *to, size_t size)
{
	(void)arg;
	reads++;
	if (address < BASE || address - BASE > BYTES || size > BYTES - (address - BASE))
		return false;
	memcpy(to, bytes + (address - BASE), size);
	return true;
}

static const struct memory_reader below = {.read = read_bytes};

static int begin(void **state)
{
	*state = block_reader_new(&below);
	reads = 0;
	for (size_t i = 0; i < BYTES; i++)
		bytes[i] = (unsigned char)(i * 7 + i / 256);
	return 0;
}

static int end(void **state)
{
	block_reader_free(*state);
	return 0;
}

static void words_of_a_block_take_one_read(void **state)
{
	struct memory_reader memory = block_reader_memory(*state);
	uint64_t word;

	for (unsigned i = 0; i < 64; i++) {
		assert_true(memory_word(&memory, BASE + 8 * i, &word));
		assert_memory_equal(&word, bytes + 8 * i, sizeof(word));
	}
	assert_int_equal(reads, 1);
}

static void what_crosses_blocks_is_whole(void **state)
{
	struct memory_reader memory = block_reader_memory(*state);
	unsigned char got[5000];

	assert_true(memory.read(memory.arg, BASE + 1001, got, sizeof(got)));
	assert_memory_equal(got, bytes + 1001, sizeof(got));
	assert_true(memory.read(memory.arg, BASE + 1, got, 0));
}

static void memory_is_read_again_once_it_is_forgotten(void **state)
{
	struct memory_reader memory = block_reader_memory(*state);
	uint64_t word = 0;

	memory_word(&memory, BASE, &word);
	bytes[0]++;
	assert_true(memory_word(&memory, BASE, &word));
	assert_true((unsigned char)word != bytes[0]);
	block_reader_forget(*state);
	assert_true(memory_word(&memory, BASE, &word));
	assert_true((unsigned char)word == bytes[0]);
}

static void what_is_not_there_cannot_be_read(void **state)
{
	struct memory_reader memory = block_reader_memory(*state);
	uint64_t word;

	assert_false(memory_word(&memory, BASE + BYTES, &word));
	assert_false(memory_word(&memory, BASE + BYTES - 4, &word));
	assert_false(memory_word(&memory, BASE - 8, &word));
	assert_false(memory_word(&memory, UINT64_MAX - 3, &word));
	assert_true(memory_word(&memory, BASE + BYTES - 8, &word));
	/* Nor is it asked for twice. */
	unsigned before = reads;

	assert_false(memory_word(&memory, BASE + BYTES, &word));
	assert_int_equal(reads, before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(words_of_a_block_take_one_read, begin, end),
		cmocka_unit_test_setup_teardown(what_crosses_blocks_is_whole, begin, end),
		cmocka_unit_test_setup_teardown(memory_is_read_again_once_it_is_forgotten, begin, end),
		cmocka_unit_test_setup_teardown(what_is_not_there_cannot_be_read, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
