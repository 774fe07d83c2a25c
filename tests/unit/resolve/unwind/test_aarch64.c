/* SPDX-License-Identifier: Apache-2.0 */
/* test_aarch64.c - unwinds stacks recorded on aarch64, on any machine. tests/aarch64/program.c describes the
 * recording, and how it knows its own call chains. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arch.h"
#include "resolve/elf/address-space.h"
#include "resolve/unwind/unwind.h"
#include "stream/stream.h"

#define EVENTS "tests/aarch64/program.events"
#define PROGRAM "tests/aarch64/program"
#define MOST_STACKS 64
#define MOST_WORDS 1024

/* One `expect` line. */
struct expected {
	bool cut;
	size_t count;
	uint64_t pc[UNWIND_MAX_FRAMES];
};

static struct expected expected[MOST_STACKS]; /* by id */

static void read_expected(void)
{
	FILE *in = fopen(EVENTS, "re");
	char line[4096], *end;

	assert_non_null(in);
	while (fgets(line, sizeof(line), in)) {
		if (strncmp(line, "expect ", 7) != 0)
			continue;
		unsigned long id = strtoul(line + 7, &end, 16);
		assert_in_range(id, 1, MOST_STACKS - 1);
		struct expected *e = &expected[id];
		e->cut = strncmp(end, " cut", 4) == 0;
		end += strcspn(end + 1, " ") + 1;
		while (*end == ' ')
			e->pc[e->count++] = strtoul(end, &end, 16);
		assert_true(e->count >= 5);
	}
	fclose(in);
}

static void assert_as_expected(struct unwinder *u, const struct raw_stack *stack, uint64_t id)
{
	struct chain chain;

	unwind(u, stack, &chain);
	for (size_t i = 0; i < expected[id].count; i++) {
		if (i >= chain.count || chain.pc[i] != expected[id].pc[i])
			fail_msg("stack %u, frame %zu: %#llx is expected, %#llx found", (unsigned)id, i,
				 (unsigned long long)expected[id].pc[i],
				 i < chain.count ? (unsigned long long)chain.pc[i] : 0);
	}
	assert_int_equal(chain.count, expected[id].count);
	assert_int_equal(chain.cut, expected[id].cut);
}

static void test_recording(void **state)
{
	struct space *space = space_new(&(struct space_options){.exe = "/program", .targets = {{PROGRAM}}});
	struct unwinder *u = unwinder_new(space, &arch_aarch64);
	static uint64_t words[MOST_WORDS];
	struct raw_stack stack = {.word = words};
	FILE *in = fopen(EVENTS, "re");
	size_t compared = 0, signed_words = 0;
	struct stream *stream = stream_new();
	static char text[1 << 20];
	uint32_t chunks = 0;
	struct event e;

	(void)state;
	read_expected();
	assert_non_null(in);
	stream_put(stream, text, fread(text, 1, sizeof(text), in));
	assert_true(feof(in));
	while (stream_next(stream, &e) > 0) {
		switch (e.kind) {
		case EVENT_MAP:
			space_add(space, &(struct mapping){.start = e.map.start,
							   .end = e.map.end,
							   .offset = e.map.offset,
							   .executable = e.map.executable,
							   .path = e.map.path,
							   .build_id = e.map.build_id});
			break;
		case EVENT_STACK:
			stack.ip = e.ip;
			stack.sp = e.sp;
			stack.bp = e.bp;
			stack.lr = e.lr;
			chunks = e.chunks;
			stack.words = (size_t)chunks * WORDS_PER_LINE;
			assert_in_range(stack.words, 1, MOST_WORDS);
			break;
		case EVENT_WORDS:
			assert_true(e.chunk < chunks);
			memcpy(words + (size_t)e.chunk * WORDS_PER_LINE, e.word, sizeof(e.word));
			for (size_t i = 0; i < WORDS_PER_LINE; i++)
				signed_words += e.word[i] >> 48 != 0;
			if (e.chunk + 1 < chunks)
				break;
			/* The second time from the cache. */
			assert_as_expected(u, &stack, e.stack);
			assert_as_expected(u, &stack, e.stack);
			compared++;
			break;
		default:
			break;
		}
	}
	/* Each `expect` line has an unknown kind. */
	assert_int_equal(compared, stream_unknown_lines(stream));
	assert_true(compared > 10);
	assert_true(signed_words > 10);
	stream_free(stream);
	fclose(in);
	unwinder_free(u);
	space_free(space);
}

/* In a missing vdso, only the trampoline is a return address. */
static void test_vdso_elsewhere(void **state)
{
	struct space *space = space_new(&(struct space_options){.exe = NULL});
	struct unwinder *u = unwinder_new(space, &arch_aarch64);
	uint64_t words[128] = {0}, sp = 0x7fc0000000;
	struct raw_stack stack = {.ip = 0x10000, .sp = sp, .bp = sp, .word = words, .words = 128};
	struct chain chain;

	(void)state;
	space_add(space, &(struct mapping){0x10000, 0x20000, 0, true, "", ""});
	space_add(space, &(struct mapping){0x7f80000000, 0x7f80001000, 0, true, "[vdso]", "00"});
	/* A handler's frame, by frame pointers; they do not tell where sp is after it. */
	words[0] = sp + 64;
	words[1] = 0x7f80000584;
	unwind(u, &stack, &chain);
	assert_int_equal(chain.count, 2);
	assert_int_equal(chain.pc[1], 0x7f80000584);
	assert_true(chain.cut);
	unwinder_free(u);
	space_free(space);
}

/* xorshift64: the same on every run. */
static uint64_t next_random(void)
{
	static uint64_t state = UINT64_C(0x2545f4914f6cdd1d);

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static uint64_t random_word(uint64_t sp)
{
	switch (next_random() % 4) {
	case 0:
		return 0x400000 + next_random() % 0x2000;
	case 1:
		return sp + 8 * (next_random() % 1024);
	case 2: /* signed */
		return (0x400000 + next_random() % 0x2000) | next_random() << 48;
	default:
		return next_random() % 2 ? 0 : next_random();
	}
}

/* Whatever is on the stack: it ends, and the chain has only code in it. */
static void test_random_stacks(void **state)
{
	struct space *space = space_new(&(struct space_options){.exe = "/program", .targets = {{PROGRAM}}});
	struct unwinder *u = unwinder_new(space, &arch_aarch64);
	static uint64_t words[MOST_WORDS];
	struct chain chain;
	size_t longest = 0;

	(void)state;
	space_add(space, &(struct mapping){0x400000, 0x402000, 0, true, "/program", ""});
	space_add(space, &(struct mapping){0x7f80000000, 0x7f80001000, 0, true, "[vdso]", "00"});
	for (int round = 0; round < 3000; round++) {
		uint64_t sp = round % 100 == 0 ? UINT64_MAX - next_random() % 8192 : UINT64_C(0x7fc0000000);
		struct raw_stack stack = {.ip = round % 50 == 0 ? next_random()
								: 0x400000 + next_random() % 0x2000,
					  .sp = round % 70 == 0 ? sp + 4 : sp,
					  .bp = random_word(sp),
					  .lr = random_word(sp),
					  .word = words,
					  .words = next_random() % (MOST_WORDS + 1)};
		for (size_t i = 0; i < MOST_WORDS; i++)
			words[i] = random_word(sp);
		unwind(u, &stack, &chain);
		assert_in_range(chain.count, 1, UNWIND_MAX_FRAMES);
		assert_int_equal(chain.pc[0], stack.ip);
		for (size_t i = 1; i < chain.count; i++)
			assert_true(space_executable(space, chain.pc[i]));
		longest = chain.count > longest ? chain.count : longest;
	}
	assert_true(longest > 5);
	/* Trampolines that lead to each other form a cycle, which ends. */
	for (size_t i = 0; i < MOST_WORDS; i++)
		words[i] = 0;
	struct raw_stack stack = {.sp = 0x7fc0000000, .word = words, .words = MOST_WORDS};
	for (uint64_t pc = 0x400000; pc < 0x402000; pc += 4) {
		stack.ip = pc;
		words[568 / 8] = pc;
		words[560 / 8] = stack.sp;
		unwind(u, &stack, &chain);
		longest = chain.count > longest ? chain.count : longest;
	}
	assert_int_equal(longest, UNWIND_MAX_FRAMES);
	assert_in_range(chain.count, 1, UNWIND_MAX_FRAMES);
	unwinder_free(u);
	space_free(space);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recording),
		cmocka_unit_test(test_vdso_elsewhere),
		cmocka_unit_test(test_random_stacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
