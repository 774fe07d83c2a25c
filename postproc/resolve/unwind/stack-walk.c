/* SPDX-License-Identifier: Apache-2.0 */
/* stack-walk.c - see stack-walk.h. */
#include "resolve/unwind/stack-walk.h"

#include <gelf.h>
#include <string.h>

#include "resolve/elf/image.h"
#include "resolve/elf/symbols.h"
#include "resolve/unwind/cfiexpr.h"

#define ENTRY_SIZE 64 /* bytes of code at the entry point: some 40 in glibc and musl */

/* The result of one step up the stack. */
enum step {
	STEP_CALLER, /* the caller's frame was found */
	STEP_START,  /* there is no caller: the thread starts here */
	STEP_CUT,    /* the caller is not known */
};

/* A return address without its signature, if it has one. */
static uint64_t unsigned_address(const struct unwinder *u, uint64_t address)
{
	return address & arch_address_bits(u->arch, space_highest(u->space));
}

static enum step step_by_cfi(const struct unwinder *u, const struct cfi_row *row, struct cfi_frame *frame,
			     const struct raw_stack *stack, struct cfi_frame *caller)
{
	const struct arch *arch = u->arch;

	if (row->ra.kind == CFI_RULE_UNDEFINED)
		return STEP_START;
	frame->cfa = cfi_rule_value(arch, &row->cfa, frame, 0, stack);
	/* Without a CFA, two steps are still possible: to what a signal interrupted on another stack, and out
	 * of a leaf. */
	if (frame->cfa == 0 && !row->signal && row->ra.kind != CFI_RULE_SAME)
		return STEP_CUT;
	caller->pc = unsigned_address(u, cfi_rule_value(arch, &row->ra, frame, frame->lr, stack));
	caller->sp = frame->cfa;
	caller->low = frame->cfa ? frame->cfa : frame->low;
	caller->fp = cfi_rule_value(arch, &row->fp, frame, frame->fp, stack);
	return caller->pc ? STEP_CALLER : STEP_CUT;
}

/* From a signal handler's trampoline to the interrupted frame, by the registers that the kernel saved. */
static enum step step_by_signal_frame(const struct signal_frame *saved, const struct cfi_frame *frame,
				      const struct raw_stack *stack, struct cfi_frame *caller)
{
	if (frame->sp == 0)
		return STEP_CUT;
	caller->pc = cfi_word(stack, frame->sp + saved->pc);
	caller->sp = caller->low = cfi_word(stack, frame->sp + saved->sp);
	caller->fp = cfi_word(stack, frame->sp + saved->fp);
	caller->lr = cfi_word(stack, frame->sp + saved->lr);
	return caller->pc ? STEP_CALLER : STEP_CUT;
}

/* Without CFI: lld's .plt and hand-written leaves have not moved sp; generated code, and programs built so,
 * keep frame pointers. `interrupted`: the frame has called nothing, so sp may be as on entry. */
static enum step step_by_guess(struct unwinder *u, bool interrupted, const struct cfi_frame *frame,
			       const struct raw_stack *stack, struct cfi_frame *caller)
{
	const struct arch *arch = u->arch;
	uint64_t pushed = arch->has_lr ? 0 : 8, ra = 0;

	if (interrupted)
		ra = arch->has_lr ? unsigned_address(u, frame->lr) : cfi_word(stack, frame->sp);
	/* A stale word may point into code, too. It is more likely right if its code has CFI, other than
	 * this. */
	if (ra > 1 && space_executable(u->space, ra - 1) && cfi_rows_at(u->rows, ra - 1)->found) {
		uint64_t sp = frame->sp + pushed;

		*caller = (struct cfi_frame){.pc = ra, .sp = sp, .low = sp, .fp = frame->fp};
		return STEP_CALLER;
	}
	/* not below sp: such a word was not copied */
	ra = frame->fp ? unsigned_address(u, cfi_word(stack, frame->fp + 8)) : 0;
	if (frame->fp < frame->low || ra == 0)
		return STEP_CUT;
	*caller = (struct cfi_frame){.pc = ra, .low = frame->fp + 16, .fp = cfi_word(stack, frame->fp)};
	/* Where calls push nothing, the pair lies anywhere in the frame, mostly at its lower end. */
	caller->sp = arch->has_lr ? 0 : caller->low;
	return STEP_CALLER;
}

/* In a missing vdso (a recording read on another machine), a return address is nearly always the
 * trampoline's, since the vdso's functions are leaves. */
static bool returns_to_vdso(const struct unwinder *u, bool interrupted, uint64_t pc)
{
	const struct mapping *mapping = interrupted ? NULL : space_mapping(u->space, pc);
	const struct module *module =
		mapping && strcmp(mapping->path, "[vdso]") == 0 ? space_module(u->space, pc) : NULL;

	return module && !module->dwfl;
}

/* Is `pc` at the program's entry point? This needs no symbol. */
static bool is_entry(struct module *module, uint64_t pc)
{
	GElf_Addr bias;
	Elf *elf = module->dwfl ? dwfl_module_getelf(module->dwfl, &bias) : NULL;
	GElf_Ehdr header;

	return elf && gelf_getehdr(elf, &header) && header.e_entry != 0 &&
	       pc - module->bias - header.e_entry < ENTRY_SIZE;
}

/* Does the thread exit when the function that returns to `ra` returns? clone and clone3 of the C library call
 * the thread's function, then exit(2). */
static bool exits_at(const struct arch *arch, struct module *module, uint64_t ra)
{
	static const unsigned char x86[][9] = {
		{0x89, 0xc7, 0xb8, 0x3c, 0, 0, 0, 0x0f, 0x05}, /* mov %eax, %edi; mov $60, %eax; syscall */
		{0x89, 0xc7, 0x31, 0xc0, 0xb0, 0x3c, 0x0f, 0x05}}; /* musl: xor %eax, %eax; mov $60, %al */
	static const unsigned char arm[] = {0xa8, 0x0b, 0x80, 0xd2,
					    0x01, 0,	0,    0xd4}; /* mov x8, #93; svc #0 */
	struct image *image = module->dwfl ? image_of(module) : NULL;
	const unsigned char *code =
		image ? image_bytes(image, ra - module->bias, sizeof(x86[0]), NULL) : NULL;

	if (!code)
		return false;
	if (arch->has_lr)
		return memcmp(code, arm, sizeof(arm)) == 0;
	return memcmp(code, x86[0], sizeof(x86[0])) == 0 || memcmp(code, x86[1], 8) == 0;
}

/* Is `pc` in the function that starts a thread? In musl and old C libraries it has no CFI that says so, and
 * in stripped files no name. */
static bool starts_thread(struct unwinder *u, uint64_t pc)
{
	static const char *const names[] = {"_start", "_start_c", "clone", "__clone", "clone3", "__clone3"};
	struct module *module = space_module(u->space, pc);
	const char *name = module && module->dwfl ? symbols_find(module, pc, NULL) : NULL;

	for (size_t i = 0; name && i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return module && !name && (is_entry(module, pc) || exits_at(u->arch, module, pc + 1));
}

bool unwind_is_start(struct unwinder *u, uint64_t pc)
{
	if (pc == 0 || !space_executable(u->space, pc))
		return false;
	const struct cfi_row *row = cfi_rows_at(u->rows, pc);

	return (row->found && row->ra.kind == CFI_RULE_UNDEFINED) || starts_thread(u, pc);
}

/* Is the caller's frame above the words that were copied? */
static bool is_above(const struct cfi_frame *frame, const struct raw_stack *stack)
{
	uint64_t size = 8 * raw_stack_near(stack),
		 far = UINT64_C(1) << 26; /* stacks are smaller: more than this is another stack */
	uint64_t needed = (frame->cfa ? frame->cfa - 8 : frame->fp + 8) - stack->sp;

	return needed >= size && needed < far;
}

int stack_walk_part(const struct raw_stack *stack, uint64_t address)
{
	if (address - stack->sp < 8 * raw_stack_near(stack))
		return 0;
	for (unsigned i = 0; i < stack->parts; i++)
		if (address - stack->part[i].start < 8 * stack->part[i].words)
			return (int)i + 1;
	return -1;
}

/* Does CFI lead far away from the copied words, or out of what was copied of a stack in between? Fibers and
 * coroutines have stacks of their own. */
static bool is_elsewhere(struct unwinder *u, uint64_t pc, const struct cfi_frame *frame,
			 const struct raw_stack *stack)
{
	uint64_t far = UINT64_C(1) << 26;
	int part = stack_walk_part(stack, frame->low);

	if (!cfi_rows_at(u->rows, pc)->found)
		return false;
	return (frame->cfa && frame->cfa - stack->sp >= far) || (part > 0 && part < (int)stack->parts);
}

/* Steps from *frame, with lookup address `pc` and its `row`, to *caller. */
static enum step step(struct unwinder *u, uint64_t pc, bool interrupted, bool sigreturn,
		      struct cfi_frame *frame, const struct raw_stack *stack, struct cfi_frame *caller)
{
	const struct cfi_row *row = cfi_rows_at(u->rows, pc);
	enum step step = STEP_CUT;

	if (sigreturn)
		return step_by_signal_frame(u->arch->signal_frame, frame, stack, caller);
	bool signal = row->signal, found = row->found;
	if (found)
		step = step_by_cfi(u, row, frame, stack, caller);
	/* CFI may not help without sp, but a frame pointer may. */
	if (!found || (step == STEP_CUT && frame->sp == 0))
		step = step_by_guess(u, interrupted && !found, frame, stack, caller);
	if (step != STEP_CALLER || signal)
		return step;
	/* Where calls push nothing, a leaf that stores nothing has an empty frame. */
	bool rises =
		caller->low > frame->low || (u->arch->has_lr && interrupted && caller->low == frame->low);
	/* from one stack to another */
	bool returns = stack_walk_part(stack, caller->low) > stack_walk_part(stack, frame->low) &&
		       stack_walk_part(stack, frame->low) >= 0;

	return rises || returns ? STEP_CALLER : STEP_CUT;
}

void stack_walk(struct unwinder *u, const struct raw_stack *stack, const struct cursor *at,
		struct chain *chain, struct cursor *bare)
{
	struct cfi_frame frame = at->frame;
	bool interrupted = at->interrupted;

	*bare = (struct cursor){.index = 0};
	chain->count = at->index;
	chain->cut = true;
	chain->too_few = chain->elsewhere = false;
	while (chain->count < UNWIND_MAX_FRAMES) {
		/* A call can be the last instruction of a function: then the next one is in another. */
		uint64_t pc = interrupted ? frame.pc : frame.pc - 1;
		bool code = pc != 0 && space_executable(u->space, pc);
		const struct cfi_row *row = code ? cfi_rows_at(u->rows, pc) : NULL;
		bool sigreturn = row && u->arch->signal_frame &&
				 (row->sigreturn || returns_to_vdso(u, interrupted, pc));
		bool signal = row && (row->signal || sigreturn);
		struct cfi_frame caller = {.pc = 0};

		if (row && !row->found && !bare->frame.pc)
			*bare = (struct cursor){frame, interrupted, chain->count};
		if (row || chain->count == 0) /* an address outside code is no frame, except for the leaf */
			chain->pc[chain->count++] = signal ? frame.pc : pc;
		if (!row)
			return;
		enum step next = step(u, pc, interrupted, sigreturn, &frame, stack, &caller);
		if (next != STEP_CALLER) {
			/* A leaf may be the parent's half of clone. */
			chain->cut = next != STEP_START && (chain->count == 1 || !starts_thread(u, pc));
			chain->too_few = chain->cut && is_above(&frame, stack);
			chain->needed = frame.cfa ? frame.cfa - 8 : frame.fp + 8;
			chain->elsewhere = chain->cut && is_elsewhere(u, pc, &frame, stack);
			return;
		}
		interrupted = signal;
		frame = caller;
	}
}
