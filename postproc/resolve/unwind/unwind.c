/* SPDX-License-Identifier: Apache-2.0 */
#include "resolve/unwind/unwind.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <gelf.h>
#include <libiberty/libiberty.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "resolve/elf/address-space.h"
#include "resolve/elf/budget.h"
#include "resolve/elf/image.h"
#include "resolve/elf/symbols.h"
#include "resolve/unwind/cfiexpr.h"
#include "resolve/unwind/tailcalls.h"

#define FIRST_SLOTS 1024
#define BARE_FRAME 4096	     /* bytes of stack that are searched for a return address */
#define BARE_SIZE 4096	     /* bytes between functions that jump to each other, without symbols */
#define BARE_FAR (1u << 16)  /* bytes from a frame to the next frame pointer */
#define BARE_DEPTH 8	     /* such functions in a row */
#define BARE_BUDGET 256	     /* return addresses tried for one stack */
#define BARE_SURE 4	     /* frames by CFI that confirm one in a short copy */
#define START_BUDGET 16	     /* return addresses tried for a thread's start behind such a gap */
#define REST_BUDGET 2048     /* words tried behind a gap in the copy */
#define ENTRY_SIZE 64	     /* bytes of code at the entry point: some 40 in glibc and musl */
#define ROWS_LIMIT (1 << 17) /* bounds the cache if a process generates code forever */

static const char too_long[] = "its call frame information takes too long to read: its stacks are cut";

/* How to find one value of the caller's frame. */
enum rule_kind {
	RULE_UNKNOWN,	/* in a register that is not followed */
	RULE_UNDEFINED, /* it has none */
	RULE_SAME,	/* unchanged */
	RULE_SAVED,	/* at CFA + offset in memory */
	RULE_REGISTER,	/* a register + offset */
	RULE_VALUE,	/* the value of an expression */
	RULE_LOCATION,	/* in memory at the address of an expression */
};

struct rule {
	enum rule_kind kind;
	unsigned count; /* operations, or the register's number */
	union {
		uint64_t offset;
		Dwarf_Op *op; /* a copy: libdw frees its own with the frame */
	};
};

/* The rules of CFI for a lookup address. */
struct row {
	uint64_t pc;		     /* 0: the slot is empty */
	const struct module *module; /* the module it is from: another file may be mapped there later */
	bool found;		     /* CFI covers it */
	bool signal;		     /* a signal trampoline: its caller did not call it */
	bool sigreturn;		     /* a trampoline that CFI cannot unwind */
	struct rule cfa, ra, fp;
};

struct unwinder {
	struct space *space;
	const struct arch *arch;
	struct tailcalls *tailcalls;
	struct row *rows; /* open addressing; slots is a power of two */
	size_t slots, used;
};

/* The result of one step up the stack. */
enum step {
	STEP_CALLER, /* the caller's frame was found */
	STEP_START,  /* there is no caller: the thread starts here */
	STEP_CUT,    /* the caller is not known */
};

/* --- rows from libdw --- */

static struct rule expression(enum rule_kind kind, const Dwarf_Op *op, size_t count)
{
	struct rule rule = {.kind = kind, .count = (unsigned)count};

	rule.op = xmalloc(count * sizeof(*op));
	memcpy(rule.op, op, count * sizeof(*op));
	return rule;
}

static struct rule cfa_rule(Dwarf_Frame *frame)
{
	Dwarf_Op *op;
	size_t count;

	if (dwarf_frame_cfa(frame, &op, &count) != 0 || count == 0)
		return (struct rule){.kind = RULE_UNKNOWN};
	if (count > 1 || (op->atom != DW_OP_bregx && (op->atom < DW_OP_breg0 || op->atom > DW_OP_breg31)))
		return expression(RULE_VALUE, op, count);

	uint64_t number = op->atom == DW_OP_bregx ? op->number : op->atom - (uint64_t)DW_OP_breg0;
	uint64_t offset = op->atom == DW_OP_bregx ? op->number2 : op->number;
	if (number > UINT_MAX)
		return (struct rule){.kind = RULE_UNKNOWN};
	return (struct rule){.kind = RULE_REGISTER, .count = (unsigned)number, .offset = offset};
}

static struct rule register_rule(Dwarf_Frame *frame, int number)
{
	Dwarf_Op memory[3], *op;
	size_t count;

	if (number < 0 || dwarf_frame_register(frame, number, memory, &op, &count) != 0)
		return (struct rule){.kind = RULE_UNKNOWN};
	if (count == 0)
		return (struct rule){.kind = op ? RULE_UNDEFINED : RULE_SAME};
	if (op->atom == DW_OP_call_frame_cfa && count == 1)
		return (struct rule){.kind = RULE_SAVED, .offset = 0};
	if (op->atom == DW_OP_call_frame_cfa && count == 2 && op[1].atom == DW_OP_plus_uconst)
		return (struct rule){.kind = RULE_SAVED, .offset = op[1].number};
	if (op->atom == DW_OP_regx && count == 1 && op->number <= UINT_MAX)
		return (struct rule){.kind = RULE_REGISTER, .count = (unsigned)op->number, .offset = 0};
	return expression(RULE_LOCATION, op, count);
}

/* CFI's rules at `pc`, for the caller to free, or NULL. */
static Dwarf_Frame *find_frame(Dwfl_Module *dwfl, uint64_t pc)
{
	Dwarf_Frame *frame;
	Dwarf_Addr bias;
	Dwarf_CFI *cfi = dwfl_module_eh_cfi(dwfl, &bias);

	if (cfi && dwarf_cfi_addrframe(cfi, pc - bias, &frame) == 0)
		return frame;
	cfi = dwfl_module_dwarf_cfi(dwfl, &bias);
	return cfi && dwarf_cfi_addrframe(cfi, pc - bias, &frame) == 0 ? frame : NULL;
}

/* Does the code at `pc` return from a signal handler? */
static bool is_sigreturn(const struct arch *arch, Dwfl_Module *dwfl, uint64_t pc)
{
	Dwarf_Addr address = pc, bias;
	Elf_Scn *section = arch->signal_frame ? dwfl_module_address_section(dwfl, &address, &bias) : NULL;
	Elf_Data *data = section ? elf_rawdata(section, NULL) : NULL;
	size_t size = arch->signal_frame ? sizeof(arch->signal_frame->code) : 0;

	return data && data->d_buf && data->d_size >= size && address <= data->d_size - size &&
	       memcmp((const char *)data->d_buf + address, arch->signal_frame->code, size) == 0;
}

static void read_row(const struct arch *arch, struct row *row, uint64_t pc, struct module *module)
{
	Dwarf_Frame *frame = NULL;

	if (module && module->dwfl && module->cfi_time < BUDGET_CFI) {
		uint64_t start = budget_now();

		frame = find_frame(module->dwfl, pc);
		module->cfi_time += budget_now() - start;
		if (module->cfi_time >= BUDGET_CFI)
			module->problem = too_long;
	}
	*row = (struct row){.pc = pc, .module = module};
	/* `pc` is the trampoline's address, or one less if it is a return address. */
	row->sigreturn = module && module->dwfl && is_sigreturn(arch, module->dwfl, (pc + 3) & ~UINT64_C(3));
	if (!frame)
		return;
	int ra = dwarf_frame_info(frame, NULL, NULL, &row->signal);
	row->found = true;
	row->cfa = cfa_rule(frame);
	row->ra = register_rule(frame, ra);
	row->fp = register_rule(frame, (int)arch->fp);
	free(frame);
}

static void free_rule(struct rule *rule)
{
	if (rule->kind == RULE_VALUE || rule->kind == RULE_LOCATION)
		free(rule->op);
}

static void clear_row(struct row *row)
{
	free_rule(&row->cfa);
	free_rule(&row->ra);
	free_rule(&row->fp);
	*row = (struct row){.pc = 0};
}

/* --- the cache --- */

struct unwinder *unwinder_new(struct space *space, const struct arch *arch)
{
	struct unwinder *u = xcalloc(1, sizeof(*u));

	u->space = space;
	u->arch = arch;
	u->tailcalls = tailcalls_new(space, arch);
	u->slots = FIRST_SLOTS;
	u->rows = xcalloc(u->slots, sizeof(*u->rows));
	return u;
}

void unwinder_free(struct unwinder *u)
{
	if (!u)
		return;
	for (size_t i = 0; i < u->slots; i++)
		clear_row(&u->rows[i]);
	tailcalls_free(u->tailcalls);
	free(u->rows);
	free(u);
}

/* The slot of `pc`, or the free one for it. */
static struct row *slot_of(const struct unwinder *u, uint64_t pc)
{
	size_t i = (size_t)((pc * UINT64_C(0x9e3779b97f4a7c15)) >> 32);

	while (u->rows[i & (u->slots - 1)].pc != pc && u->rows[i & (u->slots - 1)].pc != 0)
		i++;
	return &u->rows[i & (u->slots - 1)];
}

static void make_room(struct unwinder *u)
{
	struct row *old = u->rows;
	size_t slots = u->slots;

	if (u->used >= ROWS_LIMIT) {
		for (size_t i = 0; i < slots; i++)
			clear_row(&old[i]);
		u->used = 0;
	}
	if (u->used < slots / 2)
		return;
	u->slots = 2 * slots;
	u->rows = xcalloc(u->slots, sizeof(*u->rows));
	for (size_t i = 0; i < slots; i++)
		if (old[i].pc != 0)
			*slot_of(u, old[i].pc) = old[i];
	free(old);
}

/* The row for `pc` (not 0). Valid until the next call. */
static const struct row *row_of(struct unwinder *u, uint64_t pc)
{
	struct module *module = space_module(u->space, pc);
	struct row *row = slot_of(u, pc);

	if (row->pc == pc && row->module == module)
		return row;
	if (row->pc == pc) {
		clear_row(row);
	} else {
		make_room(u);
		row = slot_of(u, pc);
		u->used++;
	}
	read_row(u->arch, row, pc, module);
	return row;
}

/* --- steps --- */

static uint64_t value_of(const struct arch *arch, const struct rule *rule, const struct cfi_frame *frame,
			 uint64_t same, const struct raw_stack *stack)
{
	uint64_t base;

	switch (rule->kind) {
	case RULE_SAME:
		return same;
	case RULE_SAVED:
		/* Below sp it was popped, and is in its register again: GCC's CFI does not say so after
		 * `leave`. */
		if (frame->cfa + rule->offset < frame->sp)
			return same;
		return cfi_word(stack, frame->cfa + rule->offset);
	case RULE_REGISTER:
		base = cfi_register(arch, frame, rule->count);
		return base ? base + rule->offset : 0;
	case RULE_VALUE:
	case RULE_LOCATION:
		return cfi_expression(rule->op, rule->count, rule->kind == RULE_LOCATION, arch, frame, stack);
	case RULE_UNKNOWN:
	case RULE_UNDEFINED:
		break;
	}
	return 0;
}

/* A return address without its signature, if it has one. */
static uint64_t unsigned_address(const struct unwinder *u, uint64_t address)
{
	return address & arch_address_bits(u->arch, space_highest(u->space));
}

static enum step step_by_cfi(const struct unwinder *u, const struct row *row, struct cfi_frame *frame,
			     const struct raw_stack *stack, struct cfi_frame *caller)
{
	const struct arch *arch = u->arch;

	if (row->ra.kind == RULE_UNDEFINED)
		return STEP_START;
	frame->cfa = value_of(arch, &row->cfa, frame, 0, stack);
	/* Without a CFA, two steps are still possible: to what a signal interrupted on another stack, and out
	 * of a leaf. */
	if (frame->cfa == 0 && !row->signal && row->ra.kind != RULE_SAME)
		return STEP_CUT;
	caller->pc = unsigned_address(u, value_of(arch, &row->ra, frame, frame->lr, stack));
	caller->sp = frame->cfa;
	caller->low = frame->cfa ? frame->cfa : frame->low;
	caller->fp = value_of(arch, &row->fp, frame, frame->fp, stack);
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
	if (ra > 1 && space_executable(u->space, ra - 1) && row_of(u, ra - 1)->found) {
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
	const struct row *row = row_of(u, pc);

	return (row->found && row->ra.kind == RULE_UNDEFINED) || starts_thread(u, pc);
}

/* Is the caller's frame above the words that were copied? */
static bool is_above(const struct cfi_frame *frame, const struct raw_stack *stack)
{
	uint64_t size = 8 * raw_stack_near(stack),
		 far = UINT64_C(1) << 26; /* stacks are smaller: more than this is another stack */
	uint64_t needed = (frame->cfa ? frame->cfa - 8 : frame->fp + 8) - stack->sp;

	return needed >= size && needed < far;
}

/* The part of the copied words that holds the address: 0 is from sp up; -1: none. */
static int part_of(const struct raw_stack *stack, uint64_t address)
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
	int part = part_of(stack, frame->low);

	if (!row_of(u, pc)->found)
		return false;
	return (frame->cfa && frame->cfa - stack->sp >= far) || (part > 0 && part < (int)stack->parts);
}

/* Steps from *frame, with lookup address `pc` and its `row`, to *caller. */
static enum step step(struct unwinder *u, uint64_t pc, bool interrupted, bool sigreturn,
		      struct cfi_frame *frame, const struct raw_stack *stack, struct cfi_frame *caller)
{
	const struct row *row = row_of(u, pc);
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
	bool returns =
		part_of(stack, caller->low) > part_of(stack, frame->low) && part_of(stack, frame->low) >= 0;

	return rises || returns ? STEP_CALLER : STEP_CUT;
}

/* Where unwinding stopped, or may go on. */
struct cursor {
	struct cfi_frame frame;
	bool interrupted; /* the frame has called nothing: its pc is no return address */
	size_t index;	  /* its index in the chain */
};

/* Unwinds from *at, whose frame is not in the chain yet, to the thread's start or as far as it can. *bare
 * becomes the first frame without CFI; its frame.pc is 0 if there is none. */
static void walk(struct unwinder *u, const struct raw_stack *stack, const struct cursor *at,
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
		const struct row *row = code ? row_of(u, pc) : NULL;
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

/* --- code with neither CFI nor a frame pointer: musl's own in a static program --- */

/* How well a call on the stack must match the code that it called. */
enum fit {
	FIT_FUNCTION, /* it calls that function, or one that jumps there */
	FIT_BARE,     /* it calls code without CFI: without symbols, jumps between functions are not known */
	FIT_COUNT,
};

/* Can the call that returns to `ra` have led to the code at `pc`, which has no CFI? The target of an indirect
 * call is not known. */
static bool fits(struct unwinder *u, uint64_t ra, uint64_t pc, enum fit fit)
{
	struct module *module = space_executable(u->space, ra - 1) ? space_module(u->space, ra - 1) : NULL;
	uint64_t start = 0, end;

	if (!module || !module->dwfl || module != space_module(u->space, pc))
		return false;
	uint64_t target = tailcalls_called(u->tailcalls, ra);

	if (!target || !space_executable(u->space, target) || row_of(u, target)->found)
		return false;
	if (symbols_extent(module, pc, &start, &end))
		return start == target || tailcalls_lead(u->tailcalls, target, start);
	return fit == FIT_BARE || pc - target + BARE_SIZE < 2 * BARE_SIZE;
}

/* Does the code before `ra` call through a register or memory? (`call r/m64` is FF /2: Intel SDM, volume 2.) */
static bool calls_indirectly(struct unwinder *u, uint64_t ra)
{
	static const struct {
		unsigned length;
		unsigned char mod; /* upper two bits of the second byte */
	} forms[] = {{2, 3}, {2, 0}, {3, 1}, {3, 0}, {4, 1}, {6, 2}, {7, 2}};
	struct module *module = space_executable(u->space, ra - 1) ? space_module(u->space, ra - 1) : NULL;

	for (size_t i = 0; module && module->dwfl && i < sizeof(forms) / sizeof(*forms); i++) {
		const unsigned char *code =
			image_bytes(image_of(module), ra - forms[i].length - module->bias, 2, NULL);

		if (code && code[0] == 0xff && (code[1] & 0x38) == 0x10 && code[1] >> 6 == forms[i].mod)
			return !tailcalls_called(u->tailcalls, ra);
	}
	return false;
}

/* May the function at `pc` return to `ra`? `kind`: candidates on a stack are tried by kind, the most likely
 * first. */
enum kind { KIND_DIRECT, KIND_INDIRECT, KIND_START, KIND_COUNT };

static bool may_return(struct unwinder *u, uint64_t ra, uint64_t pc, enum fit fit, enum kind kind)
{
	switch (kind) {
	case KIND_DIRECT:
		return fits(u, ra, pc, fit);
	case KIND_INDIRECT:
		return space_executable(u->space, ra - 1) && row_of(u, ra - 1)->found &&
		       calls_indirectly(u, ra);
	default:
		return unwind_is_start(u, ra - 1);
	}
}

/* A search's state. */
struct search {
	struct unwinder *u;
	const struct raw_stack *stack;
	struct chain *chain;
	enum fit fit;
	bool short_copy; /* it may end where the copied words do */
	unsigned budget;
};

static bool search(struct search *s, const struct cursor *at, unsigned depth);

/* Did CFI lead from frame `index` far enough? */
static bool is_confirmed(const struct search *s, const struct cursor *bare, size_t index)
{
	return !s->chain->cut || (s->short_copy && s->chain->too_few && !bare->frame.pc &&
				  s->chain->count >= index + BARE_SURE);
}

/* Unwinds from the return address at `sp`, if it were that of the function at *at, with the caller's frame
 * pointer `fp`. */
static bool try_caller(struct search *s, const struct cursor *at, uint64_t sp, uint64_t fp, unsigned depth)
{
	struct cursor bare,
		caller = {.frame = {.pc = cfi_word(s->stack, sp), .sp = sp + 8, .low = sp + 8, .fp = fp},
			  .index = at->index + 1};

	if (s->budget == 0)
		return false;
	s->budget--;
	s->chain->pc[at->index] = at->interrupted ? at->frame.pc : at->frame.pc - 1;
	walk(s->u, s->stack, &caller, s->chain, &bare);
	if (!is_confirmed(s, &bare, caller.index) &&
	    !(bare.frame.pc && depth < BARE_DEPTH && search(s, &bare, depth + 1)))
		return false;
	s->chain->pc[caller.index] |= CHAIN_FOUND;
	return true;
}

/* The same, also with each word as frame pointer that the function at *at may have saved. */
static bool try_callers(struct search *s, const struct cursor *at, uint64_t sp, unsigned depth)
{
	if (try_caller(s, at, sp, at->frame.fp, depth))
		return true;
	for (uint64_t saved = sp - 8; saved >= at->frame.sp && saved < sp; saved -= 8) {
		uint64_t fp = cfi_word(s->stack, saved);

		if (fp > sp && fp - sp < BARE_FAR && try_caller(s, at, sp, fp, depth))
			return true;
	}
	return false;
}

/* Searches the stack for the call of the function at *at, which has no CFI. Takes the one from which
 * unwinding reaches the thread's start; or the end of a short copy, if only that can be had. */
static bool search(struct search *s, const struct cursor *at, unsigned depth)
{
	uint64_t pc = at->interrupted ? at->frame.pc : at->frame.pc - 1, first = at->frame.sp, start, end;
	struct module *module = space_module(s->u->space, pc);
	bool named = module && symbols_extent(module, pc, &start, &end);

	for (enum kind kind = KIND_DIRECT; kind < KIND_COUNT; kind++) {
		/* Something else may fit better; and less than the thread's start confirms only a direct call. */
		if (kind != KIND_DIRECT && (s->short_copy || (!named && s->fit != FIT_BARE)))
			break;
		for (uint64_t sp = first; first && sp < first + BARE_FRAME && s->budget; sp += 8) {
			uint64_t ra = cfi_word(s->stack, sp);

			if (ra >= 8 && may_return(s->u, ra, pc, s->fit, kind) &&
			    try_callers(s, at, sp, depth))
				return true;
		}
	}
	return false;
}

/* --- behind a gap in the copied stack --- */

/* Is the caller's frame in the gap between the words from sp up and the last part, or on another stack? A
 * single frame may be larger than all that is copied. */
static bool ends_before_rest(const struct raw_stack *stack, const struct chain *chain)
{
	uint64_t end = stack->sp + 8 * raw_stack_near(stack);

	return stack->parts && (chain->elsewhere || (chain->too_few && chain->needed >= end &&
						     chain->needed < stack->part[stack->parts - 1].start));
}

/* Does the word at `slot`, behind the gap, look like a return address from which CFI leads to the thread's
 * start? Then the chain gets its frames, from `index` on. */
static bool leads_to_start(struct unwinder *u, const struct raw_stack *stack, uint64_t slot, size_t index,
			   struct chain *chain)
{
	uint64_t ra = cfi_word(stack, slot), fp = cfi_word(stack, slot - 8);
	struct cursor bare, caller = {.frame = {.pc = ra, .sp = slot + 8, .low = slot + 8}, .index = index};

	/* The callee may have pushed the frame pointer first. */
	if (fp > slot && part_of(stack, fp) > 0)
		caller.frame.fp = fp;
	if (ra < 8 || !space_executable(u->space, ra - 1) || !row_of(u, ra - 1)->found ||
	    !(tailcalls_called(u->tailcalls, ra) || calls_indirectly(u, ra)))
		return false;
	walk(u, stack, &caller, chain, &bare);
	if (!bare.frame.pc || !chain->cut)
		return !bare.frame.pc && !chain->cut;
	/* musl starts threads by code without CFI, too. */
	struct search s = {u, stack, chain, FIT_FUNCTION, false, START_BUDGET};

	return !u->arch->has_lr && search(&s, &bare, 0);
}

/* The first function that ran on a stack, if it has a name: it switches stacks. 0: not known. */
static uint64_t switches_stacks(struct unwinder *u, const struct chain *chain)
{
	uint64_t pc = chain_address(chain->pc[chain->count - 1]), start, end;
	struct module *module = chain->elsewhere ? space_module(u->space, pc) : NULL;

	return module && module->dwfl && symbols_extent(module, pc, &start, &end) ? start : 0;
}

/* Finds the lowest return address behind the gap from which CFI leads to the thread's start. `function`: only
 * of a call of this one; 0: of any. The chain gets its frames, from `index` on. */
static bool search_rest(struct unwinder *u, const struct raw_stack *stack, uint64_t function, size_t index,
			struct chain *chain)
{
	const struct stack_part *rest = &stack->part[stack->parts - 1];

	for (size_t i = 0, tried = 0; i < rest->words && tried < REST_BUDGET; i++) {
		uint64_t word = cfi_word(stack, rest->start + 8 * i);

		tried += word != 0;
		if (word >= 8 &&
		    (!function || (space_executable(u->space, word - 1) &&
				   tailcalls_called(u->tailcalls, word) == function)) &&
		    leads_to_start(u, stack, rest->start + 8 * i, index, chain))
			return true;
	}
	return false;
}

/* Continues behind the gap: where a stack was switched the same way; or at the lowest return address which a
 * lower one leads to by CFI, as a single word may be left over from an earlier call. */
static void cross_gap(struct unwinder *u, const struct raw_stack *stack, struct chain *chain)
{
	struct chain *whole = xmemdup(chain, sizeof(*chain), sizeof(*chain));
	uint64_t function = switches_stacks(u, chain);
	size_t index = chain->count;
	bool room = index + 2 < UNWIND_MAX_FRAMES;

	if (room && function && search_rest(u, stack, function, index, whole)) {
		whole->pc[index] |= CHAIN_BEYOND;
		*chain = *whole;
	} else if (room && search_rest(u, stack, 0, index, whole) && whole->count >= index + 2) {
		/* The first address only confirms the second. */
		memmove(&whole->pc[index], &whole->pc[index + 1],
			(--whole->count - index) * sizeof(*whole->pc));
		whole->pc[index] |= CHAIN_BEYOND;
		*chain = *whole;
	}
	free(whole);
}

/* Continues behind code without CFI, at *bare: to the thread's start, or to where the copy ends. */
static void cross_bare(struct unwinder *u, const struct raw_stack *stack, const struct cursor *bare,
		       struct chain *chain)
{
	static const struct {
		enum fit fit;
		bool short_copy;
	} pass[] = {{FIT_FUNCTION, false}, {FIT_BARE, false}, {FIT_FUNCTION, true}};
	struct chain *whole = xmemdup(chain, sizeof(*chain), sizeof(*chain));
	bool found = false;

	for (size_t i = 0; i < sizeof(pass) / sizeof(*pass) && !found; i++) {
		struct search s = {u, stack, whole, pass[i].fit, pass[i].short_copy, BARE_BUDGET};

		found = search(&s, bare, 0);
	}
	if (found)
		*chain = *whole;
	free(whole);
}

void unwind(struct unwinder *u, const struct raw_stack *stack, struct chain *chain)
{
	struct cursor leaf = {.frame = {.pc = stack->ip,
					.sp = stack->sp,
					.fp = stack->bp,
					.lr = stack->lr,
					.low = stack->sp},
			      .interrupted = true},
		      bare;

	walk(u, stack, &leaf, chain, &bare);
	if (chain->cut && ends_before_rest(stack, chain))
		cross_gap(u, stack, chain);
	if (!chain->cut || !bare.frame.pc || u->arch->has_lr || !space_module(u->space, bare.frame.pc))
		return;
	cross_bare(u, stack, &bare, chain);
	if (chain->cut && ends_before_rest(stack, chain))
		cross_gap(u, stack, chain);
}
