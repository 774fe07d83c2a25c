/* SPDX-License-Identifier: Apache-2.0 */
/* test_step.c - the unwinder at every instruction: a child is single-stepped through various code, and the
 * chain must match its calls and returns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>

#include "base/arch.h"
#include "resolve/elf/address-space.h"
#include "resolve/unwind/unwind.h"

#define MOST_WORDS (1 << 15)
#define MOST_STEPS 100000
#define MOST_VDSO_STEPS 1000
#define MOST_CALLS 256

static struct space *space;
static volatile int sink;

/* --- the code that is stepped through --- */

__attribute__((noinline)) static int recursive(int depth)
{
	volatile char sized[depth + 8]; /* its frame is found by rbp */

	sized[0] = (char)depth;
	return depth > 0 ? recursive(depth - 1) + sized[0] : 1;
}

/* An early return that saves nothing, and a body that saves everything. */
__attribute__((noinline)) static long shrink_wrapped(const long *a, long count, long (*f)(long))
{
	long sum = 0, last = 0, most = 0;

	if (count == 0)
		return -1;
	for (long i = 0; i < count; i++) {
		last = f(a[i] + sum);
		sum += last;
		most = last > most ? last : most;
	}
	return sum + last + most;
}

__attribute__((noinline)) static long add_one(long x)
{
	return x + 1;
}

__attribute__((noinline)) static long tail_call(long x)
{
	return add_one(x * 3);
}

__attribute__((noinline)) static void aligned(void)
{
	_Alignas(64) volatile char bytes[128];

	bytes[0] = 1;
	sink += recursive(bytes[0]);
}

static int by_value(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void on_signal(int number)
{
	sink += recursive(number % 3);
}

__attribute__((noinline)) static void exercise(void)
{
	const long numbers[] = {1, 2, 3};
	int values[] = {5, 3, 9, 1};
	struct timespec now;
	char text[64];

	sink += recursive(4);
	sink += (int)shrink_wrapped(numbers, 0, tail_call);
	sink += (int)shrink_wrapped(numbers, 3, tail_call);
	aligned();
	qsort(values, 4, sizeof(*values), by_value);
	sink += snprintf(text, sizeof(text), "%d %s %.2f", values[0], "of", 1.5);
	sink += (int)strlen(strchr(text, ' '));
	/* In the vdso: with a loop that repeats if the clock has ticked, and without. */
	clock_gettime(CLOCK_MONOTONIC, &now);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	clock_getres(CLOCK_MONOTONIC, &now);
	time(NULL);
	raise(SIGUSR1);
	sink++;
}

/* --- the child --- */

static pid_t start_child(void)
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		signal(SIGUSR1, on_signal);
		if (ptrace(PTRACE_TRACEME, 0, 0, 0) != 0)
			_exit(0); /* not permitted in some containers */
		raise(SIGSTOP);
		exercise();
		raise(SIGSTOP);
		_exit(0);
	}
	return child;
}

static uint64_t read_word(pid_t child, uint64_t address)
{
	uint64_t word = 0;

	process_vm_readv(child, &(struct iovec){&word, sizeof(word)}, 1,
			 &(struct iovec){(void *)(uintptr_t)address, sizeof(word)}, 1, 0);
	return word;
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

/* The stack as the probe copies it: only words that point into code or the stack. */
static struct raw_stack copy_stack(pid_t child, const struct user_regs_struct *regs)
{
	static uint64_t words[MOST_WORDS];
	static uint64_t end;

	if (!end)
		end = stack_end();
	size_t size = end - regs->rsp;
	assert_true(size <= sizeof(words));
	ssize_t got = process_vm_readv(child, &(struct iovec){words, size}, 1,
				       &(struct iovec){(void *)(uintptr_t)regs->rsp, size}, 1, 0);
	assert_true(got > 0);
	for (size_t i = 0; i < (size_t)got / 8; i++)
		if (words[i] - regs->rsp >= 0x40000 && !space_executable(space, words[i]))
			words[i] = 0;
	return (struct raw_stack){
		.ip = regs->rip, .sp = regs->rsp, .bp = regs->rbp, .word = words, .words = (size_t)got / 8};
}

/* --- the calls it has made --- */

static struct {
	uint64_t pc[MOST_CALLS]; /* to look up */
	size_t count;
} calls;

static void push(uint64_t pc)
{
	assert_true(calls.count < MOST_CALLS);
	calls.pc[calls.count++] = pc;
}

enum instruction { OTHER, CALL, RETURN, SYSTEM_CALL };

/* The instruction at `pc`, after prefixes as this code has them. */
static enum instruction instruction_at(pid_t child, uint64_t pc)
{
	uint64_t word = read_word(child, pc);
	const unsigned char *p = (const unsigned char *)&word;

	while (*p == 0xf2 || *p == 0xf3 || *p == 0x3e || (*p & 0xf0) == 0x40)
		p++;
	if (p[0] == 0xe8 || (p[0] == 0xff && (p[1] >> 3 & 7) == 2))
		return CALL;
	if (p[0] == 0xc3 || p[0] == 0xc2)
		return RETURN;
	return p[0] == 0x0f && p[1] == 0x05 ? SYSTEM_CALL : OTHER;
}

/* --- the vdso ---
 *
 * Its clocks are read again if the clock has ticked meanwhile, and with single steps that may be always. So
 * each instruction there is stepped once; when one comes again, the child runs until it returns from the
 * vdso.
 */

static struct {
	uint64_t stepped[MOST_VDSO_STEPS];
	size_t steps, calls; /* since it was entered; and the calls at that time */
} vdso;

static bool in_vdso(uint64_t pc)
{
	const struct mapping *at = space_mapping(space, pc);

	return at && strcmp(at->path, "[vdso]") == 0;
}

/* Notes that the child is at `pc` in the vdso. Returns true if it was there before in this call. */
static bool stepped_already(uint64_t pc)
{
	if (vdso.steps == 0)
		vdso.calls = calls.count;
	for (size_t i = 0; i < vdso.steps; i++)
		if (vdso.stepped[i] == pc)
			return true;
	assert_true(vdso.steps < MOST_VDSO_STEPS);
	vdso.stepped[vdso.steps++] = pc;
	return false;
}

/* Lets the child run until it has returned from the vdso. */
static void leave_vdso(pid_t child, struct user_regs_struct *regs)
{
	uint64_t back = calls.pc[vdso.calls - 1] + 1;
	uint64_t word = read_word(child, back);
	int status;

	assert_int_equal(ptrace(PTRACE_POKETEXT, child, back, (word & ~0xffULL) | 0xcc), 0);
	assert_int_equal(ptrace(PTRACE_CONT, child, 0, 0), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
	assert_int_equal(ptrace(PTRACE_POKETEXT, child, back, word), 0);
	assert_int_equal(ptrace(PTRACE_GETREGS, child, 0, regs), 0);
	assert_int_equal(regs->rip, back + 1);
	regs->rip = back;
	assert_int_equal(ptrace(PTRACE_SETREGS, child, 0, regs), 0);
	calls.count = vdso.calls - 1;
}

static void assert_chain(struct unwinder *u, const struct raw_stack *stack)
{
	struct chain chain;
	const struct mapping *at = space_mapping(space, stack->ip);

	unwind(u, stack, &chain);
	assert_int_equal(chain.pc[0], stack->ip);
	for (size_t i = 0; i < calls.count; i++) {
		uint64_t found = i + 1 < chain.count ? chain.pc[i + 1] : 0;

		if (found != calls.pc[calls.count - 1 - i])
			fail_msg("at %#" PRIx64 " (%#" PRIx64 " of %s), caller %zu: %#" PRIx64
				 " called, %#" PRIx64 " found",
				 stack->ip, at ? stack->ip - at->start + at->offset : 0, at ? at->path : "?",
				 i, calls.pc[calls.count - 1 - i], found);
	}
	assert_int_equal(chain.count, calls.count + 1);
	assert_false(chain.cut);
}

static void test_every_instruction(void **state)
{
	struct unwinder *u = unwinder_new(space, arch_host());
	struct user_regs_struct regs;
	size_t steps = 0, vdso_steps = 0, in_trampoline = 0, deepest = 0;
	pid_t child = start_child();
	struct raw_stack stack;
	struct chain chain;
	int status, signal = 0;

	(void)state;
	assert_int_equal(waitpid(child, &status, 0), child);
	if (!WIFSTOPPED(status)) {
		unwinder_free(u);
		skip();
	}
	/* The first chain is not checked: test_unwind.c has compared such stacks. */
	assert_int_equal(ptrace(PTRACE_GETREGS, child, 0, &regs), 0);
	stack = copy_stack(child, &regs);
	unwind(u, &stack, &chain);
	assert_false(chain.cut);
	for (size_t i = chain.count - 1; i > 0; i--)
		push(chain.pc[i]);

	for (; steps < MOST_STEPS; steps++) {
		uint64_t interrupted = regs.rip;
		enum instruction instruction = instruction_at(child, regs.rip);
		uint64_t trampoline = calls.count > 2 ? calls.pc[calls.count - 1] : 0;

		assert_int_equal(ptrace(PTRACE_SINGLESTEP, child, 0, signal), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSTOPPED(status));
		if (WSTOPSIG(status) == SIGSTOP)
			break;
		assert_int_equal(ptrace(PTRACE_GETREGS, child, 0, &regs), 0);
		if (signal) {
			/* The handler's first instruction, which was not called. */
			push(interrupted);
			push(read_word(child, regs.rsp));
		} else if (instruction == CALL) {
			push(read_word(child, regs.rsp) - 1);
		} else if (instruction == RETURN) {
			/* Back in the trampoline, which is the leaf. */
			assert_true(calls.count > 0);
			calls.count--;
			in_trampoline += regs.rip == trampoline;
		} else if (instruction == SYSTEM_CALL && calls.count > 0 &&
			   regs.rip == calls.pc[calls.count - 1]) {
			calls.count--; /* returns from the signal */
		}
		signal = WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
		if (!in_vdso(regs.rip)) {
			vdso.steps = 0;
		} else if (stepped_already(regs.rip)) {
			leave_vdso(child, &regs);
			vdso.steps = 0;
		} else {
			vdso_steps++;
		}
		stack = copy_stack(child, &regs);
		assert_chain(u, &stack);
		deepest = calls.count > deepest ? calls.count : deepest;
	}
	assert_true(steps < MOST_STEPS);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	print_message("%zu steps, %zu of them in the vdso, %zu calls deep\n", steps, vdso_steps, deepest);
	assert_true(steps > 1000);
	assert_true(vdso_steps > 50);
	assert_int_equal(in_trampoline, 1);
	unwinder_free(u);
}

/* --- the address space --- */

static int set_up(void **state)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char exe[4096] = "", line[4096 + 256];

	(void)state;
	if (!maps || readlink("/proc/self/exe", exe, sizeof(exe) - 1) < 0)
		return -1;
	space = space_new(&(struct space_options){.pid = getpid(), .exe = exe});
	while (fgets(line, sizeof(line), maps)) {
		struct mapping map = {.build_id = ""};
		char rights[5], path[4096 + 1] = "";

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %*s %*s %4096[^\n]", &map.start,
			   &map.end, rights, &map.offset, path) < 4)
			continue;
		map.executable = rights[2] == 'x';
		map.path = path;
		space_add(space, &map);
	}
	fclose(maps);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	space_free(space);
	return 0;
}
#else
static int set_up(void **state)
{
	(void)state;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return 0;
}

static void test_every_instruction(void **state)
{
	(void)state;
	skip(); /* recognising steps needs x86-64's instructions */
}
#endif

/* Binds all functions at the start: the linker's lazy resolver finds its frame by rbx, which is in no copy of
 * a stack. */
static void bind_all(char **argv)
{
	if (getenv("LD_BIND_NOW"))
		return;
	setenv("LD_BIND_NOW", "1", true);
	execv("/proc/self/exe", argv);
	perror("/proc/self/exe");
	exit(1);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_instruction),
	};

	(void)argc;
	bind_all(argv);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
