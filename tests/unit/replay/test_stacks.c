/* SPDX-License-Identifier: Apache-2.0 */
/* test_stacks.c - stacks assembled from their lines, with return addresses that a return probe had
 * replaced. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arch.h"
#include "judge/judge.h"
#include "replay/stacks.h"
#include "resolve/elf/address-space.h"
#include "resolve/resolver.h"
#include "stream/stream.h"

#define CODE UINT64_C(0x10000)
#define TRAMPOLINE UINT64_C(0x7fffffffe000)
#define SP UINT64_C(0x7ffd00000000)

struct setup {
	struct space *space;
	struct resolver *resolver;
	struct judge *judge;
	struct stacks *stacks;
};

static int set_up(void **state)
{
	static struct setup setup;

	setup.space = space_new(&(struct space_options){.exe = NULL});
	/* Code without CFI that keeps frame pointers. */
	space_add(setup.space, &(struct mapping){CODE, 2 * CODE, 0, true, "", ""});
	space_add(setup.space, &(struct mapping){TRAMPOLINE, TRAMPOLINE + 0x1000, 0, true, "[uprobes]", ""});
	setup.resolver = resolver_new(setup.space, &arch_x86_64, &(struct resolver_options){0});
	setup.judge = judge_new();
	setup.stacks = stacks_new(setup.resolver, setup.judge);
	*state = &setup;
	return 0;
}

static int tear_down(void **state)
{
	struct setup *setup = *state;

	stacks_free(setup->stacks);
	judge_free(setup->judge);
	resolver_free(setup->resolver);
	space_free(setup->space);
	return 0;
}

/* Three frames in four chunks of stack; the second one's return address, in the third chunk, is replaced. */
static void add_stack(struct setup *setup, uint64_t id)
{
	struct event stack = {
		.kind = EVENT_STACK, .stack = id, .tid = 7, .ip = CODE, .sp = SP, .bp = SP + 16, .chunks = 4};
	struct event words = {.kind = EVENT_WORDS, .stack = id, .tid = 7};

	stacks_add(setup->stacks, &stack);
	words.word[2] = SP + 256;
	words.word[3] = CODE + 101;
	stacks_add(setup->stacks, &words);
	memset(words.word, 0, sizeof(words.word));
	words.chunk = 2;
	words.word[0] = SP + 384;
	words.word[1] = TRAMPOLINE;
	stacks_add(setup->stacks, &words);
	/* The last chunk has no line: its words come only from `returns`. */
}

static void add_returns(struct setup *setup, uint64_t id, long tid, const uint64_t *pairs, size_t count)
{
	struct event returns = {.kind = EVENT_RETURNS, .stack = id, .tid = tid, .count = count};

	memcpy(returns.word, pairs, 2 * count * sizeof(*pairs));
	stacks_add(setup->stacks, &returns);
}

static void test_as_it_is(void **state)
{
	struct setup *setup = *state;

	add_stack(setup, 1);
	const struct verdict *v = stacks_verdict(setup->stacks, 1);
	assert_non_null(v);
	assert_true(v->cut);
	assert_int_equal(v->count, 2); /* an address before the trampoline's first byte is no frame */
}

static void test_returns(void **state)
{
	struct setup *setup = *state;
	/* Newest first; one is no longer on the stack, one is between words, and one beyond the chunks. */
	const uint64_t pairs[] = {SP - 64,  CODE + 501, SP + 264, CODE + 201,
				  SP + 392, CODE + 301, SP + 513, CODE + 601};

	add_stack(setup, 2);
	add_returns(setup, 2, 7, pairs, 4);
	const struct verdict *v = stacks_verdict(setup->stacks, 2);
	assert_int_equal(v->count, 4);
	assert_int_equal(v->frame[1]->pc, CODE + 100);
	assert_int_equal(v->frame[2]->pc, CODE + 200);
	assert_int_equal(v->frame[3]->pc, CODE + 300);
}

static void test_hostile_returns(void **state)
{
	struct setup *setup = *state;
	const uint64_t far[] = {SP + 512, CODE + 1, UINT64_MAX - 7,	CODE + 1,
				0,	  0,	    SP + 8 * 16 * 4096, CODE + 1};
	const uint64_t good[] = {SP + 264, CODE + 201};

	add_stack(setup, 3);
	add_returns(setup, 3, 7, far, 4);
	assert_int_equal(stacks_verdict(setup->stacks, 3)->count, 2);
	/* Of another thread, or of a stack that no line described: ignored. */
	add_stack(setup, 4);
	add_returns(setup, 4, 8, good, 1);
	assert_int_equal(stacks_verdict(setup->stacks, 4)->count, 2);
	add_returns(setup, 5, 7, good, 1);
	assert_null(stacks_verdict(setup->stacks, 5));
	/* More than are accepted. */
	uint64_t many[WORDS_PER_LINE] = {0};
	many[WORDS_PER_LINE - 2] = good[0];
	many[WORDS_PER_LINE - 1] = good[1];
	add_stack(setup, 6);
	add_returns(setup, 6, 7, many, WORDS_PER_LINE / 2);
	assert_int_equal(stacks_verdict(setup->stacks, 6)->count, 2);
}

/* The advice in the report depends on why stacks are cut. */
static void test_why_cut(void **state)
{
	struct setup *setup = *state;
	struct event e = {.kind = EVENT_FRAMES, .stack = 1};

	stacks_add(setup->stacks, &e);
	e = (struct event){.kind = EVENT_ADDRESS, .ip = CODE};
	stacks_add(setup->stacks, &e);
	e.ip = CODE + 101;
	stacks_add(setup->stacks, &e);
	assert_int_equal(stacks_verdict(setup->stacks, 1)->count, 2);
	assert_int_equal(stacks_cut(setup->stacks), 1);
	assert_int_equal(stacks_cut_why(setup->stacks).walked, 1);
	assert_int_equal(stacks_cut_why(setup->stacks).too_few, 0);

	/* The frame pointer leads beyond the copy. */
	const uint64_t beyond[] = {SP + 256, SP + 512, SP + 264, CODE + 201};
	add_stack(setup, 2);
	add_returns(setup, 2, 7, beyond, 2);
	assert_int_equal(stacks_verdict(setup->stacks, 2)->count, 3);
	assert_int_equal(stacks_cut_why(setup->stacks).too_few, 1);
	/* To a chunk of which nothing matters. */
	add_stack(setup, 4);
	add_returns(setup, 4, 7, beyond + 2, 1);
	assert_int_equal(stacks_verdict(setup->stacks, 4)->count, 3);
	assert_int_equal(stacks_cut_why(setup->stacks).too_few, 1);
	/* There, but not known. */
	add_stack(setup, 3);
	stacks_verdict(setup->stacks, 3);
	assert_int_equal(stacks_cut_why(setup->stacks).too_few, 1);
	assert_int_equal(stacks_cut(setup->stacks), 4);
	assert_int_equal(stacks_count(setup->stacks), 4);
}

/* Only recently described stacks are known; a repeated description keeps a stack longer. */
static void test_old_ones(void **state)
{
	struct setup *setup = *state;
	struct event e = {.kind = EVENT_STACK, .tid = 7, .ip = CODE, .sp = SP, .chunks = 1};

	stacks_forget_old(setup->stacks, 0);
	for (uint64_t id = 1; id <= 100000; id++) {
		e.stack = id;
		stacks_add(setup->stacks, &e);
		if (id != 70000)
			continue;
		e.stack = 2;
		stacks_add(setup->stacks, &e);
	}
	assert_null(stacks_verdict(setup->stacks, 1));
	assert_non_null(stacks_verdict(setup->stacks, 2));
	assert_null(stacks_verdict(setup->stacks, 30000));
	assert_non_null(stacks_verdict(setup->stacks, 60000));
	assert_non_null(stacks_verdict(setup->stacks, 100000));
	/* The ring has wrapped twice, and nothing in it has a time yet. */
	stacks_forget_old(setup->stacks, UINT64_C(100000000000));
	assert_non_null(stacks_verdict(setup->stacks, 60001));
	stacks_forget_old(setup->stacks, UINT64_C(161000000000));
	assert_null(stacks_verdict(setup->stacks, 60002));
	assert_null(stacks_verdict(setup->stacks, 100000));
	assert_null(stacks_verdict(setup->stacks, 2));
}

/* A copied stack is kept 15 s beyond the next event, unless it is described again or asked for; none is kept
 * more than 60. */
static void test_unasked_ones(void **state)
{
	struct setup *setup = *state;
	const uint64_t second = UINT64_C(1000000000), begin = 5000 * second;
	struct event walked = {.kind = EVENT_FRAMES, .stack = 5},
		     address = {.kind = EVENT_ADDRESS, .ip = CODE};

	stacks_forget_old(setup->stacks, 0);
	for (uint64_t id = 1; id <= 4; id++)
		add_stack(setup, id);
	stacks_add(setup->stacks, &walked);
	stacks_add(setup->stacks, &address);
	stacks_forget_old(setup->stacks, begin);
	assert_non_null(stacks_verdict(setup->stacks, 1));
	stacks_forget_old(setup->stacks, begin + 10 * second);
	add_stack(setup, 2);
	stacks_forget_old(setup->stacks, begin + 15 * second);
	assert_non_null(stacks_verdict(setup->stacks, 3));
	stacks_forget_old(setup->stacks, begin + 16 * second);
	assert_null(stacks_verdict(setup->stacks, 4));
	stacks_forget_old(setup->stacks, begin + 25 * second);
	for (uint64_t id = 1; id <= 3; id++)
		assert_non_null(stacks_verdict(setup->stacks, id));
	assert_non_null(stacks_verdict(setup->stacks, 5));
	stacks_forget_old(setup->stacks, begin + 61 * second);
	assert_null(stacks_verdict(setup->stacks, 1));
	assert_non_null(stacks_verdict(setup->stacks, 2));
	assert_null(stacks_verdict(setup->stacks, 5));
	/* An hour without events. */
	add_stack(setup, 4);
	stacks_forget_old(setup->stacks, begin + 3650 * second);
	assert_non_null(stacks_verdict(setup->stacks, 4));
	assert_null(stacks_verdict(setup->stacks, 2));
}

static void add_same(struct setup *setup, uint64_t id, uint64_t as)
{
	stacks_add(setup->stacks, &(struct event){.kind = EVENT_SAME, .stack = id, .other.stack = as});
}

static void add_frame(struct setup *setup, uint64_t id, uint64_t pc)
{
	stacks_add(setup->stacks, &(struct event){.kind = EVENT_FRAME,
						  .stack = id,
						  .whole = true,
						  .frame = {.pc = pc, .module = "/app", .function = "f"}});
}

/* What is written once of stacks that have the same frames, and read again. */
static void test_same(void **state)
{
	struct setup *setup = *state;
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	unsigned frames = 0, same = 0;

	for (uint64_t id = 1; id <= 3; id++) {
		add_stack(setup, id);
		assert_non_null(stacks_verdict(setup->stacks, id));
	}
	stacks_write(setup->stacks, out);
	fclose(out);
	for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
		frames += !strncmp(line, "frame ", 6);
		same += !strncmp(line, "same ", 5);
	}
	free(text);
	assert_int_equal(frames, 2);
	assert_int_equal(same, 2);

	add_frame(setup, 11, CODE);
	add_frame(setup, 11, CODE + 50);
	add_same(setup, 12, 11);
	add_same(setup, 13, 11);
	const struct verdict *v = stacks_verdict(setup->stacks, 13);
	assert_int_equal(v->count, 2);
	assert_ptr_equal(stacks_verdict(setup->stacks, 11), v);
	assert_ptr_equal(stacks_verdict(setup->stacks, 12), v);
	assert_int_equal(stacks_count(setup->stacks), 6);
}

/* Of a stack that no line has described, of itself, of one that is another's, of one that has frames; and that one is not forgotten. */
static void test_hostile_same(void **state)
{
	struct setup *setup = *state;
	const uint64_t second = UINT64_C(1000000000);

	stacks_forget_old(setup->stacks, 0);
	add_same(setup, 1, 2);
	add_same(setup, 2, 1);
	add_same(setup, 3, 3);
	for (uint64_t id = 1; id <= 3; id++)
		assert_null(stacks_verdict(setup->stacks, id));
	add_frame(setup, 4, CODE);
	add_same(setup, 4, 4);
	add_same(setup, 5, 4);
	add_same(setup, 6, 5);
	add_same(setup, 4, 5);
	assert_null(stacks_verdict(setup->stacks, 6));
	add_frame(setup, 5, CODE + 50);
	/* It is copied as well, and then nothing of it is seen for an hour. */
	add_stack(setup, 4);
	stacks_forget_old(setup->stacks, second);
	stacks_forget_old(setup->stacks, 3600 * second);
	const struct verdict *v = stacks_verdict(setup->stacks, 5);
	assert_int_equal(v->count, 1);
	assert_ptr_equal(stacks_verdict(setup->stacks, 4), v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_as_it_is, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_returns, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hostile_returns, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_why_cut, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_old_ones, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unasked_ones, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_same, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hostile_same, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
