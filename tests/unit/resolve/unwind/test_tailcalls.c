/* SPDX-License-Identifier: Apache-2.0 */
/* test_tailcalls.c - functions that jumped to another one, in this program's own code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arch.h"
#include "resolve/elf/address-space.h"
#include "resolve/symbolize/frame.h"
#include "resolve/symbolize/symbolize.h"
#include "resolve/unwind/tailcalls.h"
#include "resolve/unwind/unwind.h"

#if defined(__x86_64__)
#define CALL "call "
#define JUMP "jmp "
#define JUMP_IF "je "
#define JUMP_ANYWHERE "jmp *%rax\n"
#define NOTHING "nop\n"
#elif defined(__aarch64__)
#define CALL "bl "
#define JUMP "b "
#define JUMP_IF "b "
#define JUMP_ANYWHERE "br x0\n"
#define NOTHING "nop\n"
#endif

#define FUNCTION(name, body)                                                                                             \
	__asm__(".text\n.p2align 4\n.type " name ", %function\n.globl " name "\n" name ":\n" body                        \
		".size " name ", . - " name "\n");                                                                       \
	/* far apart: jumps to near functions are shorter, as linkers and compilers do not make them between sections */ \
	__asm__(".skip 300\n")

/* NAME_end is the return address of the call in NAME. */
FUNCTION("t_leaf", NOTHING NOTHING "ret\n");
FUNCTION("t_other", NOTHING "ret\n");
FUNCTION("t_wait", NOTHING JUMP "t_leaf\n");
FUNCTION("t_chain", NOTHING JUMP "t_wait\n");
FUNCTION("t_left", NOTHING JUMP "t_leaf\n");
FUNCTION("t_either", JUMP_IF "t_wait\n" JUMP "t_left\n");
FUNCTION("t_dyn", NOTHING JUMP_ANYWHERE);
FUNCTION("t_split", JUMP "t_split.cold\n");
FUNCTION("t_split.cold", NOTHING "ret\n");
FUNCTION("t_calls_leaf", CALL "t_leaf\nt_calls_leaf_end: " NOTHING);
FUNCTION("t_calls_wait", CALL "t_wait\nt_calls_wait_end: " NOTHING);
FUNCTION("t_calls_chain", CALL "t_chain\nt_calls_chain_end: " NOTHING);
FUNCTION("t_calls_either", CALL "t_either\nt_calls_either_end: " NOTHING);
FUNCTION("t_calls_dyn", CALL "t_dyn\nt_calls_dyn_end: " NOTHING);
FUNCTION("t_calls_split", CALL "t_split\nt_calls_split_end: " NOTHING);
FUNCTION("t_calls_other", CALL "t_other\nt_calls_other_end: " NOTHING);
#if defined(__x86_64__)
FUNCTION("t_wait_got", "jmp *t_table(%rip)\n");
FUNCTION("t_calls_got", "call *t_table+8(%rip)\nt_calls_got_end: " NOTHING);
__asm__(".section .data.rel.ro,\"aw\"\n.p2align 3\nt_table: .quad t_leaf\n.quad t_wait_got\n.text\n");
extern const char t_calls_got_end[];
#endif

extern const char t_leaf[],
	t_split_cold[] __asm__("t_split.cold"), t_calls_leaf_end[], t_calls_wait_end[], t_calls_chain_end[],
	t_calls_either_end[], t_calls_dyn_end[], t_calls_split_end[], t_calls_other_end[];

static struct space *space;
static struct tailcalls *tailcalls;
static struct symbolizer *symbolizer;
static struct chain chain;

static int set_up(void **state)
{
	char exe[4096] = "", line[4096 + 256];
	FILE *maps = fopen("/proc/self/maps", "r");

	(void)state;
	if (!maps || readlink("/proc/self/exe", exe, sizeof(exe) - 1) < 0)
		return -1;
	space = space_new(&(struct space_options){.pid = getpid(), .exe = exe});
	while (fgets(line, sizeof(line), maps)) {
		uint64_t start, end, offset;
		char rights[5], path[4096 + 1] = "";

		assert_true(sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %*s %*s %4096[^\n]", &start,
				   &end, rights, &offset, path) >= 4);
		space_add(space, &(struct mapping){.start = start,
						   .end = end,
						   .offset = offset,
						   .executable = rights[2] == 'x',
						   .path = path,
						   .build_id = ""});
	}
	fclose(maps);
	tailcalls = tailcalls_new(space, arch_host());
	symbolizer = symbolizer_new(space);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	tailcalls_free(tailcalls);
	symbolizer_free(symbolizer);
	space_free(space);
	return 0;
}

/* The chain in `leaf`, called before the return address `returns`, as names; frames that jumped are in
 * brackets. */
static const char *names(const char *leaf, const char *returns)
{
	static char text[512];

	chain.count = 2;
	chain.pc[0] = (uint64_t)(uintptr_t)leaf;
	chain.pc[1] = (uint64_t)(uintptr_t)returns - 1;
	tailcalls_insert(tailcalls, &chain);
	text[0] = 0;
	for (size_t i = 0; i < chain.count; i++) {
		const struct frames *frames = symbolize(symbolizer, chain.pc[i]);
		const struct frame *f = &frames->frame[frames->count - 1];
		size_t length = strlen(text);

		assert_false(chain_tail_call(f->pc));
		snprintf(text + length, sizeof(text) - length, f->tail_call ? " [%s]" : " %s", f->name);
	}
	return text;
}

static void inserts_what_a_direct_call_names(void **state)
{
	(void)state;
	assert_string_equal(names(t_leaf, t_calls_wait_end), " t_leaf [t_wait] t_calls_wait");
	/* The address is the jump's: its line is where the function ended. */
	assert_int_equal(chain.pc[1] & 15, arch_host()->has_lr ? 4 : 1);
	assert_int_equal(chain.pc[1] & CHAIN_ENTRY, 0);
}

static void follows_jumps_from_function_to_function(void **state)
{
	(void)state;
	assert_string_equal(names(t_leaf, t_calls_chain_end), " t_leaf [t_wait] [t_chain] t_calls_chain");
}

static void says_no_more_than_is_sure_where_ways_differ(void **state)
{
	(void)state;
	assert_string_equal(names(t_leaf, t_calls_either_end), " t_leaf [t_either] t_calls_either");
	assert_true(chain.pc[1] & CHAIN_ENTRY);
}

static void names_a_function_that_jumps_through_a_register(void **state)
{
	(void)state;
	assert_string_equal(names(t_leaf, t_calls_dyn_end), " t_leaf [t_dyn] t_calls_dyn");
}

static void leaves_a_chain_that_is_whole_as_it_is(void **state)
{
	(void)state;
	assert_string_equal(names(t_leaf, t_calls_leaf_end), " t_leaf t_calls_leaf");
	/* Both parts of one function have its name. */
	assert_string_equal(names(t_split_cold, t_calls_split_end), " t_split t_calls_split");
}

/* The chain may be wrong: code that does not jump did not lead on. */
static void believes_no_function_that_only_returns(void **state)
{
	(void)state;
	assert_string_equal(names(t_leaf, t_calls_other_end), " t_leaf t_calls_other");
}

#if defined(__x86_64__)
/* Compilers without a procedure linkage table call and jump through the global offset table. */
static void reads_what_the_loader_fills_in(void **state)
{
	(void)state;
	assert_string_equal(names(t_leaf, t_calls_got_end), " t_leaf [t_wait_got] t_calls_got");
}
#endif

static void keeps_within_a_chain(void **state)
{
	(void)state;
	chain.count = UNWIND_MAX_FRAMES;
	for (size_t i = 0; i < chain.count; i++)
		chain.pc[i] = i % 2 ? (uint64_t)(uintptr_t)t_calls_wait_end - 1 : (uint64_t)(uintptr_t)t_leaf;
	tailcalls_insert(tailcalls, &chain);
	assert_int_equal(chain.count, UNWIND_MAX_FRAMES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inserts_what_a_direct_call_names),
		cmocka_unit_test(follows_jumps_from_function_to_function),
		cmocka_unit_test(says_no_more_than_is_sure_where_ways_differ),
		cmocka_unit_test(names_a_function_that_jumps_through_a_register),
		cmocka_unit_test(leaves_a_chain_that_is_whole_as_it_is),
		cmocka_unit_test(believes_no_function_that_only_returns),
#if defined(__x86_64__)
		cmocka_unit_test(reads_what_the_loader_fills_in),
#endif
		cmocka_unit_test(keeps_within_a_chain),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
