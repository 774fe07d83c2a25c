/* SPDX-License-Identifier: Apache-2.0 */
/* program.c - an aarch64 program that records its own stacks, as the probes would, together with the true
 * call chains.
 *
 * `record` builds it and runs it under an emulator; test_unwind.c replays its output. It uses no libraries,
 * so that a replay needs only this one small file. argv: build id, path. Besides event lines
 * (probes/README.md) it prints
 *
 *     expect ID whole|cut ADDRESS...
 *
 * with the addresses to look up, leaf first. Each function notes its return address on entry: the chains come
 * from these.
 */
typedef unsigned long u64;

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define SIGUSR1 10

/* The registers at one place in the code, and the words next to sp, which are overwritten before the snapshot
 * is printed. */
struct snapshot {
	u64 pc, sp, fp, lr;
	u64 low[8];
};

extern const char __executable_start[], etext[], restorer[], after_kill[], after_signed_kill[];
void leaf(struct snapshot *to), steps(struct snapshot *to), leaf_without_cfi(struct snapshot *to);
void frame_without_cfi(void (*callee)(struct snapshot *), struct snapshot *to);
void kill_from_leaf(u64 pid), kill_from_signed(u64 pid);

static u64 stack_end, returns[64], depth, last_id;
static struct snapshot snapshots[8];

/* --- system calls and text --- */

static long call(long number, u64 a, u64 b, u64 c, u64 d)
{
	register u64 x8 __asm__("x8") = (u64)number, x0 __asm__("x0") = a, x1 __asm__("x1") = b,
			x2 __asm__("x2") = c, x3 __asm__("x3") = d;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
	return (long)x0;
}

static char line[4096];
static u64 length;

static void text(const char *s)
{
	while (*s)
		line[length++] = *s++;
}

static void number(u64 value, unsigned base)
{
	char digits[24];
	int i = sizeof digits;

	digits[--i] = 0;
	do
		digits[--i] = "0123456789abcdef"[value % base];
	while (value /= base);
	text(" ");
	text(digits + i);
}

static void end_line(void)
{
	line[length++] = '\n';
	call(64 /* write */, 1, (u64)line, length, 0);
	length = 0;
}

/* --- stacks --- */

static u64 plain(u64 address)
{
	return address & 0xffffffffffff;
}

/* Prints one snapshot, the stack above it as it is now, and the chain: the addresses given, then the callers noted. */
static void print(const struct snapshot *s, u64 end, const u64 *chain, u64 count, int cut)
{
	u64 words = (end - s->sp) / 8, chunks = (words + 15) / 16;

	last_id++;
	text("stack");
	number(last_id, 16);
	text(" 1");
	number(s->pc, 16);
	number(s->sp, 16);
	number(s->fp, 16);
	number(chunks, 10);
	number(s->lr, 16);
	end_line();
	for (u64 chunk = 0; chunk < chunks; chunk++) {
		text("words");
		number(last_id, 16);
		text(" 1");
		number(chunk, 10);
		for (u64 i = 16 * chunk; i < 16 * chunk + 16; i++) {
			u64 word = i >= words ? 0 : i < COUNT(s->low) ? s->low[i] : ((const u64 *)s->sp)[i];
			u64 in_code = plain(word) >= (u64)__executable_start && plain(word) < (u64)etext;

			number(in_code || word - s->sp < 0x40000 ? word : 0, 16);
		}
		end_line();
	}
	text("expect");
	number(last_id, 16);
	text(cut ? " cut" : " whole");
	for (u64 i = 0; i < count; i++)
		number(chain[i], 16);
	for (u64 i = depth; !cut && i-- > 0;)
		number(returns[i] - 1, 16);
	end_line();
}

#define ENTER() (returns[depth++] = plain((u64)__builtin_return_address(0)))
#define LEAVE() (depth--)
#define NOINLINE __attribute__((noinline, noclone))

/* --- scenes --- */

static NOINLINE void ordinary(void)
{
	ENTER();
	leaf(snapshots);
	/* A leaf's return address is only in the register. */
	print(snapshots, stack_end, (u64[]){snapshots[0].pc, plain(snapshots[0].lr) - 1}, 2, 0);
	LEAVE();
}

/* At every instruction of a prologue and an epilogue. */
static NOINLINE void every_step(void)
{
	ENTER();
	steps(snapshots);
	for (u64 i = 0; i < 7; i++)
		print(&snapshots[i], stack_end, (u64[]){snapshots[i].pc, plain(snapshots[0].lr) - 1}, 2, 0);
	LEAVE();
}

static NOINLINE void without_cfi(void)
{
	ENTER();
	leaf_without_cfi(snapshots);
	print(snapshots, stack_end, (u64[]){snapshots[0].pc, plain(snapshots[0].lr) - 1}, 2, 0);
	LEAVE();
}

static NOINLINE void below_frame_without_cfi(struct snapshot *to)
{
	ENTER();
	leaf(to);
	print(to, stack_end, (u64[]){to->pc, plain(to->lr) - 1}, 2, 0);
	LEAVE();
}

static NOINLINE void through_frame_without_cfi(void)
{
	u64 here;

	ENTER();
	/* Notes, for the assembly function, the address that it returns to. */
	__asm__("adr %0, 1f" : "=r"(here));
	returns[depth++] = here;
	__asm__ volatile("mov x0, %0\n\tmov x1, %1\n\tbl frame_without_cfi\n1:"
			 :
			 : "r"(below_frame_without_cfi), "r"(snapshots)
			 : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12",
			   "x13", "x14", "x15", "x16", "x17", "x18", "x30", "memory", "cc");
	depth -= 2;
}

static u64 interrupted_at, interrupted_return, handler_stack_end;

static NOINLINE void in_handler(void)
{
	u64 in_handler_return = plain((u64)__builtin_return_address(0));

	leaf(snapshots);
	print(snapshots, handler_stack_end ? handler_stack_end : stack_end,
	      (u64[]){snapshots[0].pc, plain(snapshots[0].lr) - 1, in_handler_return - 1, (u64)restorer,
		      interrupted_at, interrupted_return - 1},
	      6, handler_stack_end != 0);
}

static void handler(int signal)
{
	(void)signal;
	in_handler();
	__asm__ volatile("");
}

static NOINLINE void interrupted(void (*function)(u64), const char *at, u64 handler_end)
{
	u64 pid = (u64)call(172 /* getpid */, 0, 0, 0, 0), here;
	register u64 x0 __asm__("x0") = pid;

	ENTER();
	__asm__("adr %0, 1f" : "=r"(here));
	interrupted_at = (u64)at;
	interrupted_return = here;
	handler_stack_end = handler_end;
	__asm__ volatile("blr %1\n1:" : "+r"(x0) : "r"(function) : "x1", "x8", "x9", "x30", "memory");
	LEAVE();
}

static NOINLINE void signals(void)
{
	static char memory[1 << 15] __attribute__((aligned(16)));
	struct {
		void *handler;
		u64 flags;
		const void *restorer;
		u64 mask;
	} action = {handler, 0x04000000 /* SA_RESTORER */, restorer, 0};
	struct {
		void *sp;
		int flags;
		u64 size;
	} stack = {memory, 0, sizeof memory};

	ENTER();
	call(134 /* rt_sigaction */, SIGUSR1, (u64)&action, 0, 8);
	interrupted(kill_from_leaf, after_kill, 0);
	interrupted(kill_from_signed, after_signed_kill, 0);
	action.flags |= 0x08000000; /* SA_ONSTACK */
	call(132 /* sigaltstack */, (u64)&stack, 0, 0, 0);
	call(134, SIGUSR1, (u64)&action, 0, 8);
	interrupted(kill_from_leaf, after_kill, (u64)memory + sizeof memory);
	LEAVE();
}

static NOINLINE void nested(int levels, void (*scene)(void))
{
	volatile char sized[8 * levels + 8]; /* the frame is found by x29 */

	ENTER();
	sized[0] = 1;
	if (levels > 0)
		nested(levels - 1, scene);
	else
		scene();
	sized[0]++;
	LEAVE();
}

__attribute__((used)) static void begin(u64 *sp)
{
	char **argv = (char **)(sp + 1);

	stack_end = (u64)sp;
	ENTER();
	text("hud-trace 1\nmeta arch aarch64\nmeta exe ");
	text(argv[2]);
	text("\nmap");
	number((u64)__executable_start, 16);
	number(((u64)etext + 0xfff) & ~0xfffUL, 16);
	text(" r-xp 0 ");
	text(argv[1]);
	text(" ");
	text(argv[2]);
	end_line();
	nested(3, ordinary);
	nested(3, every_step);
	nested(3, without_cfi);
	nested(3, through_frame_without_cfi);
	nested(3, signals);
	call(94 /* exit_group */, 0, 0, 0, 0);
}

/* --- assembly --- */

/* x0: where to write the snapshot; it then points behind that. */
#define SNAP                                                                                                 \
	"adr x9, .\n mov x10, sp\n stp x9, x10, [x0], #16\n stp x29, x30, [x0], #16\n"                       \
	"ldp x9, x10, [sp]\n stp x9, x10, [x0], #16\n ldp x9, x10, [sp, #16]\n stp x9, x10, [x0], #16\n"     \
	"ldp x9, x10, [sp, #32]\n stp x9, x10, [x0], #16\n ldp x9, x10, [sp, #48]\n stp x9, x10, [x0], "     \
	"#16\n"
#define FUNCTION(name) ".globl " #name "\n.type " #name ", %function\n" #name ":\n"
#define END(name) ".size " #name ", . - " #name "\n"

__asm__(".arch armv8.3-a\n.text\n"
	/* clang-format off */
	FUNCTION(_start) ".cfi_startproc\n .cfi_undefined x30\n"
	"mov x29, #0\n mov x0, sp\n bl begin\n brk #1\n"
	".cfi_endproc\n" END(_start)

	FUNCTION(leaf) ".cfi_startproc\n" SNAP "ret\n .cfi_endproc\n" END(leaf)

	FUNCTION(leaf_without_cfi) SNAP "ret\n" END(leaf_without_cfi)

	FUNCTION(frame_without_cfi)
	"stp x29, x30, [sp, #-48]!\n mov x29, sp\n stp xzr, xzr, [sp, #16]\n stp xzr, xzr, [sp, #32]\n mov x9, x0\n mov x0, x1\n blr x9\n"
	"ldp x29, x30, [sp], #48\n ret\n"
	END(frame_without_cfi)

	/* As compilers emit it with -mbranch-protection=pac-ret. */
	FUNCTION(steps) ".cfi_startproc\n" SNAP
	"paciasp\n .cfi_negate_ra_state\n" SNAP
	"stp x29, x30, [sp, #-32]!\n .cfi_def_cfa_offset 32\n .cfi_offset 29, -32\n .cfi_offset 30, -24\n" SNAP
	"mov x29, sp\n" SNAP
	"bl nothing\n" SNAP
	"ldp x29, x30, [sp], #32\n .cfi_restore 30\n .cfi_restore 29\n .cfi_def_cfa_offset 0\n" SNAP
	"autiasp\n .cfi_negate_ra_state\n" SNAP
	"ret\n .cfi_endproc\n" END(steps)
	FUNCTION(nothing) ".cfi_startproc\n ret\n .cfi_endproc\n" END(nothing)

	FUNCTION(kill_from_leaf) ".cfi_startproc\n mov x1, #10\n mov x8, #129\n svc #0\n"
	".globl after_kill\nafter_kill: ret\n .cfi_endproc\n" END(kill_from_leaf)

	FUNCTION(kill_from_signed) ".cfi_startproc\n paciasp\n .cfi_negate_ra_state\n mov x1, #10\n mov x8, #129\n svc #0\n"
	".globl after_signed_kill\nafter_signed_kill: autiasp\n .cfi_negate_ra_state\n ret\n .cfi_endproc\n"
	END(kill_from_signed)

	/* As the vdso has it. */
	"nop\n" FUNCTION(restorer) "mov x8, #139\n svc #0\n" END(restorer)
	/* clang-format on */
);
