/* SPDX-License-Identifier: Apache-2.0 */
/* test_unwind.c - compares the unwinder with backtrace(3) on this process's own stacks, and feeds it
 * nonsense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arch.h"
#include "resolve/elf/address-space.h"
#include "resolve/unwind/unwind.h"

#define KEPT_SPAN UINT64_C(0x40000) /* how far above sp the probe takes a word for a stack address */
#define DEPTH 20
#define COUNT(a) (sizeof(a) / sizeof *(a))

/* Anonymous code like a JIT's, at addresses without other mappings. */
#define JIT_START UINT64_C(0x10000)
#define JIT_END UINT64_C(0x20000)

static struct space *space;

/* What a thread saw of itself, at one place in capture(). */
static struct snapshot {
	struct raw_stack stack;
	uint64_t *words;
	uint64_t end; /* of the stack; 0: the thread's own */
	void *expected[UNWIND_MAX_FRAMES];
	size_t expected_count;
} snapshot;

static volatile int sink;

/* --- the address space, and stacks as the probe copies them --- */

static void add_own_mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[4096 + 256];

	assert_non_null(maps);
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
}

static int set_up(void **state)
{
	char exe[4096] = "";

	(void)state;
	if (readlink("/proc/self/exe", exe, sizeof(exe) - 1) < 0)
		return -1;
	space = space_new(&(struct space_options){.pid = getpid(), .exe = exe});
	/* Unwinding may load libgcc: load it before the mappings are read. */
	void *frames[4];
	backtrace(frames, COUNT(frames));
	add_own_mappings();
	space_add(
		space,
		&(struct mapping){
			.start = JIT_START, .end = JIT_END, .executable = true, .path = "", .build_id = ""});
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(snapshot.words);
	space_free(space);
	return 0;
}

static uint64_t stack_end(void)
{
	pthread_attr_t attr;
	void *start;
	size_t size;

	assert_int_equal(pthread_getattr_np(pthread_self(), &attr), 0);
	assert_int_equal(pthread_attr_getstack(&attr, &start, &size), 0);
	pthread_attr_destroy(&attr);
	return (uint64_t)(uintptr_t)start + size;
}

/* The probe's filter. It reads other frames on purpose, including ASan's red zones. */
__attribute__((noinline, no_sanitize("address"))) static void copy_words(uint64_t sp, uint64_t *to,
									 size_t count)
{
	const volatile uint64_t *from = (const volatile uint64_t *)(uintptr_t)sp;

	for (size_t i = 0; i < count; i++) {
		uint64_t word = from[i];
		bool code =
			space_executable(space, word & arch_address_bits(arch_host(), space_highest(space)));

		to[i] = word - sp < KEPT_SPAN || code ? word : 0;
	}
}

__attribute__((noinline)) static void capture(void)
{
	struct raw_stack *stack = &snapshot.stack;

#if defined(__aarch64__)
	__asm__ volatile("adr %0, .\n\tmov %1, sp\n\tmov %2, x29"
			 : "=&r"(stack->ip), "=&r"(stack->sp), "=&r"(stack->bp));
#else
	__asm__ volatile("lea 0f(%%rip), %0\n0:\tmov %%rsp, %1\n\tmov %%rbp, %2"
			 : "=&r"(stack->ip), "=&r"(stack->sp), "=&r"(stack->bp));
#endif
	stack->words = ((snapshot.end ? snapshot.end : stack_end()) - stack->sp) / 8;
	free(snapshot.words);
	snapshot.words = malloc(stack->words * sizeof(uint64_t));
	assert_non_null(snapshot.words);
	copy_words(stack->sp, snapshot.words, stack->words);
	stack->word = snapshot.words;
	snapshot.expected_count = (size_t)backtrace(snapshot.expected, COUNT(snapshot.expected));
	sink++;
}

/* --- a deep stack: plain frames, one with a dynamic size (CFA by rbp), and an aligned one --- */

static void f1(int depth, void (*leaf)(void));

__attribute__((noinline)) static void f3(int depth, void (*leaf)(void))
{
	_Alignas(64) volatile char aligned[64];

	aligned[0] = (char)depth;
	if (depth <= 0)
		leaf();
	else
		f1(depth - 1, leaf);
	sink += aligned[0];
}

__attribute__((noinline)) static void f2(int depth, void (*leaf)(void))
{
	volatile char sized[depth + 8];

	sized[0] = (char)depth;
	f3(depth - 1, leaf);
	sink += sized[0];
}

__attribute__((noinline)) static void f1(int depth, void (*leaf)(void))
{
	f2(depth - 1, leaf);
	sink++;
}

static void raise_signal(void)
{
	raise(SIGUSR1);
	sink++;
}

static void on_signal(int number)
{
	(void)number;
	capture();
	sink++;
}

static void *thread_main(void *leaf)
{
	f1(DEPTH, *(void (**)(void))leaf);
	sink++;
	return NULL;
}

static void run_in_thread(void (*leaf)(void))
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, thread_main, &leaf), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

/* --- compared with backtrace(3) --- */

/* Asserts that the snapshot unwinds as by backtrace(3); the addresses of `exact` frames besides the leaf are
 * no return addresses. */
static void assert_as_backtrace(size_t exact)
{
	struct unwinder *u = unwinder_new(space, arch_host());
	struct chain chain;
	size_t skip = 0, found_exact = 0;

	/* The second time from the cache. */
	for (int round = 0; round < 2; round++) {
		unwind(u, &snapshot.stack, &chain);
		assert_false(chain.cut);
		assert_int_equal(chain.pc[0], snapshot.stack.ip);
		/* backtrace's first frames are inside a sanitizer, and in capture at another place. */
		while (skip + chain.count < snapshot.expected_count)
			skip++;
		assert_in_range(skip, 0, 2);
		assert_int_equal(skip + chain.count, snapshot.expected_count);
		found_exact = 0;
		for (size_t i = 1; i < chain.count; i++) {
			uint64_t expected = (uint64_t)(uintptr_t)snapshot.expected[skip + i];
			if (chain.pc[i] == expected)
				found_exact++;
			else
				assert_int_equal(chain.pc[i] + 1, expected);
		}
		assert_int_equal(found_exact, exact);
		assert_true(chain.count > DEPTH);
	}
	unwinder_free(u);
}

static void test_main_thread(void **state)
{
	(void)state;
	f1(DEPTH, capture);
	assert_as_backtrace(0);
}

static void test_thread(void **state)
{
	(void)state;
	run_in_thread(capture);
	assert_as_backtrace(0);
}

static void test_signal_handler(void **state)
{
	struct sigaction action = {.sa_handler = on_signal}, old;

	(void)state;
	assert_int_equal(sigaction(SIGUSR1, &action, &old), 0);
	f1(DEPTH, raise_signal);
	assert_as_backtrace(2); /* the trampoline and the interrupted function */
	run_in_thread(raise_signal);
	assert_as_backtrace(2);
	sigaction(SIGUSR1, &old, NULL);
}

/* From another stack the way back leads out of the copy: the interrupted function is still found. */
static void test_signal_stack(void **state)
{
	static char memory[1 << 17];
	stack_t stack = {.ss_sp = memory, .ss_size = sizeof(memory)}, old_stack;
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK}, old;
	struct unwinder *u = unwinder_new(space, arch_host());
	struct chain chain;

	(void)state;
	assert_int_equal(sigaltstack(&stack, &old_stack), 0);
	assert_int_equal(sigaction(SIGUSR1, &action, &old), 0);
	snapshot.end = (uint64_t)(uintptr_t)memory + sizeof(memory);
	raise_signal();
	snapshot.end = 0;
	sigaction(SIGUSR1, &old, NULL);
	sigaltstack(&old_stack, NULL);
	unwind(u, &snapshot.stack, &chain);
	assert_true(chain.cut);
	/* capture, the handler, the trampoline, where the signal was sent */
	assert_true(chain.count >= 4);
	size_t skip = 0, exact = 0;
	while (skip < snapshot.expected_count &&
	       (uint64_t)(uintptr_t)snapshot.expected[skip] != chain.pc[1] + 1)
		skip++;
	for (size_t i = 1; i < chain.count; i++) {
		assert_true(skip + i - 1 < snapshot.expected_count);
		uint64_t expected = (uint64_t)(uintptr_t)snapshot.expected[skip + i - 1];
		exact += chain.pc[i] == expected;
		assert_true(chain.pc[i] == expected || chain.pc[i] + 1 == expected);
	}
	assert_int_equal(exact, 2); /* the trampoline, and what it returns to */
	unwinder_free(u);
}

/* --- incomplete stacks --- */

static void test_no_words(void **state)
{
	struct unwinder *u = unwinder_new(space, arch_host());
	struct raw_stack stack;
	struct chain chain;

	(void)state;
	f1(2, capture);
	stack = snapshot.stack;
	stack.words = 0;
	unwind(u, &stack, &chain);
	assert_int_equal(chain.count, 1);
	assert_int_equal(chain.pc[0], stack.ip);
	assert_true(chain.cut);

	/* A leaf outside code: a call through a null or wild pointer. */
	stack = snapshot.stack;
	for (uint64_t ip = 0; ip <= 8; ip += 8) {
		stack.ip = ip;
		unwind(u, &stack, &chain);
		assert_int_equal(chain.count, 1);
		assert_int_equal(chain.pc[0], ip);
		assert_true(chain.cut);
	}
	unwinder_free(u);
}

/* The chain ends where the copy ends; what is before counts. */
static void test_short_copy(void **state)
{
	struct unwinder *u = unwinder_new(space, arch_host());
	struct chain whole, part;
	size_t longest = 0;

	(void)state;
	f1(DEPTH, capture);
	unwind(u, &snapshot.stack, &whole);
	assert_false(whole.cut);
	for (size_t words = 0; words < snapshot.stack.words; words++) {
		struct raw_stack stack = snapshot.stack;
		stack.words = words;
		unwind(u, &stack, &part);
		assert_true(part.count >= longest && part.count <= whole.count);
		assert_memory_equal(part.pc, whole.pc, part.count * sizeof(*part.pc));
		assert_true(part.cut || part.count == whole.count);
		assert_int_equal(part.too_few, part.cut);
		longest = part.count;
	}
	assert_int_equal(longest, whole.count);
	unwinder_free(u);
}

/* Both ends of a deep stack: the known frames are right, and the first one behind the gap is marked. */
static void test_both_ends(void **state)
{
	struct unwinder *u = unwinder_new(space, arch_host());
	struct chain whole, part;
	size_t crossed = 0;

	(void)state;
	run_in_thread(capture);
	unwind(u, &snapshot.stack, &whole);
	assert_false(whole.cut);
	size_t words = snapshot.stack.words,
	       rests = words - words / 3; /* at its end are the thread's own variables */
	uint64_t *word = malloc(words * sizeof(*word));

	assert_non_null(word);
	for (size_t near = 0; near < words - rests; near += 16) {
		struct raw_stack stack = snapshot.stack;
		size_t i = 0, left;

		memcpy(word, stack.word, near * sizeof(*word));
		memcpy(word + near, stack.word + words - rests, rests * sizeof(*word));
		stack.word = word;
		stack.words = near + rests;
		stack.parts = 1;
		stack.part[0] = (struct stack_part){stack.sp + 8 * (words - rests), rests};
		unwind(u, &stack, &part);
		while (i < part.count && !chain_marked(part.pc[i]))
			i++;
		assert_memory_equal(part.pc, whole.pc, i * sizeof(*part.pc));
		if (part.cut || i == whole.count) /* nothing needed may be missing */
			continue;
		crossed++;
		left = part.count - i;
		assert_true(left > 1);
		assert_true(chain_beyond(part.pc[i]));
		part.pc[i] = chain_address(part.pc[i]);
		assert_memory_equal(part.pc + i, whole.pc + whole.count - left, left * sizeof(*part.pc));
	}
	assert_true(crossed > 4);
	free(word);
	unwinder_free(u);
}

__attribute__((noinline)) static void capture_in_large_frame(void)
{
	volatile char room[120 << 10];

	room[0] = 1;
	capture();
	room[sizeof(room) - 1] = room[0];
}

__attribute__((noinline)) static void capture_in_large_frames(void)
{
	volatile char room[64 << 10];

	room[0] = 1;
	capture_in_large_frame();
	room[sizeof(room) - 1] = room[0];
}

/* A single frame larger than all that is copied: a future that is polled by value, in a function that much is inlined into. */
static void test_both_ends_of_large_frame(void **state)
{
	enum { NEAR = 512, REST = 2048 };
	struct unwinder *u = unwinder_new(space, arch_host());
	struct raw_stack stack;
	struct chain whole, part;
	uint64_t word[NEAR + REST];

	(void)state;
	run_in_thread(capture_in_large_frames);
	unwind(u, &snapshot.stack, &whole);
	assert_false(whole.cut);
	stack = snapshot.stack;
	memcpy(word, stack.word, NEAR * sizeof(*word));
	memcpy(word + NEAR, stack.word + stack.words - REST, REST * sizeof(*word));
	stack.part[0] = (struct stack_part){stack.sp + 8 * (stack.words - REST), REST};
	stack.parts = 1;
	stack.word = word;
	stack.words = NEAR + REST;
	unwind(u, &stack, &part);
	assert_false(part.cut);
	assert_true(part.count > 2);
	assert_memory_equal(part.pc, whole.pc, 2 * sizeof(*part.pc));
	assert_true(chain_beyond(part.pc[2]));
	part.pc[2] = chain_address(part.pc[2]);
	assert_memory_equal(part.pc + 2, whole.pc + whole.count - (part.count - 2),
			    (part.count - 2) * sizeof(*part.pc));
	unwinder_free(u);
}

/* From another stack, CFI leads back to the thread's own. */
static void test_other_stack(void **state)
{
	struct unwinder *u = unwinder_new(space, arch_host());
	struct chain whole, part;

	(void)state;
	run_in_thread(capture);
	unwind(u, &snapshot.stack, &whole);
	/* As if the rest of the stack began elsewhere: all words were copied, but apart. */
	for (size_t near = 1; near < snapshot.stack.words; near += 7) {
		struct raw_stack stack = snapshot.stack;

		stack.parts = 1;
		stack.part[0] = (struct stack_part){stack.sp + 8 * near, stack.words - near};
		unwind(u, &stack, &part);
		assert_int_equal(part.count, whole.count);
		assert_memory_equal(part.pc, whole.pc, part.count * sizeof(*part.pc));
		assert_false(part.cut);
	}
	unwinder_free(u);
}

/* --- without CFI --- */

/* Code without CFI that keeps frame pointers, called from code with CFI, and the other way round. */
static void test_frame_pointers(void **state)
{
	struct unwinder *u = unwinder_new(space, arch_host());
	uint64_t words[16] = {0}, sp = UINT64_C(0x7ffd00000000);
	struct raw_stack stack = {
		.ip = JIT_START + 100, .sp = sp, .bp = sp + 16, .word = words, .words = COUNT(words)};
	struct chain chain;

	(void)state;
	f1(DEPTH, capture);
	words[2] = sp + 48; /* saved frame pointer */
	words[3] = JIT_START + 201;
	words[4] = snapshot.stack.ip + 1; /* stale: where a leaf would have its return address */
	words[7] = JIT_START + 301;
	unwind(u, &stack, &chain);
	assert_true(chain.cut);
	assert_int_equal(chain.count, 3);
	assert_int_equal(chain.pc[1], JIT_START + 200);
	assert_int_equal(chain.pc[2], JIT_START + 300);

	words[6] = sp + 16; /* back down: a loop */
	unwind(u, &stack, &chain);
	assert_true(chain.cut);
	assert_int_equal(chain.count, 3);
	words[2] = sp + 16; /* to itself */
	unwind(u, &stack, &chain);
	assert_true(chain.cut);
	assert_int_equal(chain.count, 2);
	words[0] = JIT_START + 401;
	stack.bp = sp - 8; /* below what was copied */
	unwind(u, &stack, &chain);
	assert_int_equal(chain.count, 1);
	stack.bp = sp + 20; /* between words */
	unwind(u, &stack, &chain);
	assert_int_equal(chain.count, 1);
	stack.bp = UINT64_MAX - 7;
	unwind(u, &stack, &chain);
	assert_int_equal(chain.count, 1);
	unwinder_free(u);
}

/* Where threads start: one known by CFI, one by its name, and one not known. */
#if defined(__aarch64__)
#define NO_CALLER ".cfi_undefined x30\n"
#else
#define NO_CALLER ".cfi_undefined rip\n"
#endif
#define NOPS "nop\n nop\n nop\n nop\n"
__asm__(".pushsection .text\n"
	".type start_by_cfi, %function\nstart_by_cfi: .cfi_startproc\n" NO_CALLER NOPS ".cfi_endproc\n"
	".size start_by_cfi, . - start_by_cfi\n"
	".type __clone3, %function\n__clone3:\n" NOPS ".size __clone3, . - __clone3\n"
	".type no_start, %function\nno_start:\n" NOPS ".size no_start, . - no_start\n"
	".popsection\n");
/* Hidden: addresses of local symbols do not come from the table that other files' do. */
#pragma GCC visibility push(hidden)
extern const char start_by_cfi[], start_by_name[] __asm__("__clone3"), no_start[];
#pragma GCC visibility pop

static void test_thread_starts(void **state)
{
	struct unwinder *u = unwinder_new(space, arch_host());
	uint64_t words[4] = {0}, sp = UINT64_C(0x7ffd00000000);
	struct raw_stack stack = {.ip = JIT_START, .sp = sp, .bp = sp, .word = words, .words = COUNT(words)};
	const struct {
		const char *function;
		bool cut;
	} cases[] = {{start_by_cfi, false}, {start_by_name, false}, {no_start, true}};
	struct chain chain;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		words[1] = (uint64_t)(uintptr_t)cases[i].function + 2;
		unwind(u, &stack, &chain);
		assert_int_equal(chain.count, 2);
		assert_int_equal(chain.pc[1], words[1] - 1);
		assert_int_equal(chain.cut, cases[i].cut);
		assert_false(chain.too_few);
		assert_int_equal(unwind_is_start(u, words[1] - 1), !cases[i].cut);
	}
	assert_false(unwind_is_start(u, JIT_START));
	assert_false(unwind_is_start(u, 0));
	/* The parent's half of clone has a caller. */
	stack.ip = (uint64_t)(uintptr_t)start_by_name + 2;
	stack.words = 0;
	unwind(u, &stack, &chain);
	assert_int_equal(chain.count, 1);
	assert_true(chain.cut);
	unwinder_free(u);
}

#if defined(__x86_64__)
/* Asserts that a leaf at `ip`, as if called from capture, with `pushed` words above its return address,
 * unwinds through capture to the thread's start. */
static void assert_leaf(uint64_t ip, size_t pushed)
{
	struct unwinder *u = unwinder_new(space, arch_host());
	struct raw_stack stack = snapshot.stack;
	uint64_t *words = calloc(stack.words + pushed + 1, sizeof(*words));
	struct chain plain, chain;

	assert_non_null(words);
	words[pushed] = stack.ip + 1;
	memcpy(words + pushed + 1, stack.word, stack.words * sizeof(*words));
	stack.ip = ip;
	stack.sp -= 8 * (pushed + 1);
	stack.word = words;
	stack.words += pushed + 1;
	unwind(u, &snapshot.stack, &plain);
	assert_false(plain.cut);
	unwind(u, &stack, &chain);
	assert_false(chain.cut);
	assert_int_equal(chain.count, plain.count + 1);
	assert_int_equal(chain.pc[0], ip);
	assert_memory_equal(chain.pc + 1, plain.pc, plain.count * sizeof(*plain.pc));
	free(words);
	unwinder_free(u);
}

/* Without CFI, and before it uses the stack: the return address is at [sp]. */
static void test_leaf_without_cfi(void **state)
{
	(void)state;
	f1(DEPTH, capture);
	assert_leaf(JIT_START, 0);
}

/* The first entry of .plt that leads to a function; 0 if there is none. */
static uint64_t plt_entry(bool *has_cfi)
{
	struct module *module = space_main(space);
	GElf_Addr bias;
	Elf *elf = module && module->dwfl ? dwfl_module_getelf(module->dwfl, &bias) : NULL;
	size_t names;

	assert_non_null(elf);
	assert_int_equal(elf_getshdrstrndx(elf, &names), 0);
	for (Elf_Scn *scn = elf_nextscn(elf, NULL); scn; scn = elf_nextscn(elf, scn)) {
		GElf_Shdr shdr;
		assert_non_null(gelf_getshdr(scn, &shdr));
		if (strcmp(elf_strptr(elf, names, shdr.sh_name), ".plt") != 0 || shdr.sh_size < 32)
			continue;
		uint64_t entry = module->bias + shdr.sh_addr + 16;
		Dwarf_CFI *cfi = dwfl_module_eh_cfi(module->dwfl, &bias);
		Dwarf_Frame *frame = NULL;
		*has_cfi = cfi && dwarf_cfi_addrframe(cfi, entry - bias, &frame) == 0;
		free(frame);
		return entry;
	}
	return 0;
}

/* GNU ld describes the whole .plt by one expression of the pc: the CFA is 8 more from an entry's 11th byte
 * on, when the index is pushed. lld describes nothing. */
static void test_plt(void **state)
{
	bool has_cfi = false;
	uint64_t entry = plt_entry(&has_cfi);

	(void)state;
	if (!entry)
		skip(); /* linked with -z now */
	f1(DEPTH, capture);
	assert_leaf(entry, 0);
	if (has_cfi) {
		assert_leaf(entry + 6, 0);
		assert_leaf(entry + 11, 1);
	}
}
#endif

/* --- nonsense --- */

/* xorshift64: the same on every run. */
static uint64_t next_random(void)
{
	static uint64_t state = UINT64_C(0x2545f4914f6cdd1d);

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static uint64_t random_code(void)
{
	static const uint64_t jit = JIT_START;
	const uint64_t near[] = {jit, snapshot.stack.ip, (uint64_t)(uintptr_t)snapshot.expected[0],
				 (uint64_t)(uintptr_t)dlsym(RTLD_DEFAULT, "qsort"),
				 (uint64_t)(uintptr_t)snapshot.expected[snapshot.expected_count - 1]};

	return near[next_random() % COUNT(near)] + next_random() % 4096;
}

static uint64_t random_word(uint64_t sp)
{
	switch (next_random() % 4) {
	case 0:
		return random_code();
	case 1:
		return sp + next_random() % 8192;
	case 2:
		return (sp + next_random() % 8192) & ~UINT64_C(7);
	default:
		return next_random() % 2 ? 0 : next_random();
	}
}

static void test_random_stacks(void **state)
{
	static uint64_t words[1024];
	struct unwinder *u = unwinder_new(space, arch_host());
	struct chain chain;

	(void)state;
	f1(2, capture);
	for (int round = 0; round < 3000; round++) {
		uint64_t sp = round % 100 == 0 ? UINT64_MAX - next_random() % 8192 : UINT64_C(0x7ffd00000000);
		struct raw_stack stack = {.ip = round % 50 == 0 ? next_random() : random_code(),
					  .sp = round % 70 == 0 ? sp + 4 : sp,
					  .bp = random_word(sp),
					  .word = words,
					  .words = next_random() % (COUNT(words) + 1)};
		for (size_t i = 0; i < COUNT(words); i++)
			words[i] = random_word(sp);
		unwind(u, &stack, &chain);
		assert_in_range(chain.count, 1, UNWIND_MAX_FRAMES);
		assert_int_equal(chain.pc[0], stack.ip);
		for (size_t i = 1; i < chain.count; i++)
			assert_true(space_executable(space, chain_address(chain.pc[i])));
	}
	unwinder_free(u);
}

static void test_too_deep(void **state)
{
	struct unwinder *u = unwinder_new(space, arch_host());
	struct chain chain;

	(void)state;
	f1(2 * UNWIND_MAX_FRAMES, capture);
	unwind(u, &snapshot.stack, &chain);
	assert_int_equal(chain.count, UNWIND_MAX_FRAMES);
	assert_true(chain.cut);
	unwinder_free(u);
}

/* Code that is mapped and unmapped: cached rules belong to the file that was there. */
static void test_remapped(void **state)
{
	struct unwinder *u = unwinder_new(space, arch_host());
	struct mapping file, fake;
	struct chain chain;

	(void)state;
	f1(DEPTH, capture);
	file = *space_mapping(space, snapshot.stack.ip);
	file.path = strdup(file.path);
	file.build_id = strdup(file.build_id);
	fake = file;
	fake.path = "";
	unwind(u, &snapshot.stack, &chain);
	assert_false(chain.cut);
	space_add(space, &fake);
	unwind(u, &snapshot.stack, &chain);
	assert_true(chain.cut);
	space_add(space, &file);
	unwind(u, &snapshot.stack, &chain);
	assert_false(chain.cut);
	unwinder_free(u);
	free((char *)file.path);
	free((char *)file.build_id);
}

/* More addresses than the cache begins with. */
static void test_many_addresses(void **state)
{
	struct unwinder *u = unwinder_new(space, arch_host());
	struct chain chain;

	(void)state;
	for (uint64_t ip = JIT_START; ip < JIT_START + 5000; ip++) {
		unwind(u, &(struct raw_stack){.ip = ip, .sp = UINT64_C(0x7ffd00000000)}, &chain);
		assert_int_equal(chain.count, 1);
		assert_true(chain.cut);
	}
	f1(DEPTH, capture);
	unwind(u, &snapshot.stack, &chain);
	assert_false(chain.cut);
	unwinder_free(u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_main_thread),
		cmocka_unit_test(test_thread),
		cmocka_unit_test(test_signal_handler),
		cmocka_unit_test(test_signal_stack),
		cmocka_unit_test(test_no_words),
		cmocka_unit_test(test_short_copy),
		cmocka_unit_test(test_both_ends),
		cmocka_unit_test(test_both_ends_of_large_frame),
		cmocka_unit_test(test_other_stack),
		cmocka_unit_test(test_frame_pointers),
		cmocka_unit_test(test_thread_starts),
#if defined(__x86_64__)
		cmocka_unit_test(test_leaf_without_cfi),
		cmocka_unit_test(test_plt),
#endif
		cmocka_unit_test(test_random_stacks),
		cmocka_unit_test(test_too_deep),
		cmocka_unit_test(test_remapped),
		cmocka_unit_test(test_many_addresses),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
