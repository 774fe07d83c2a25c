#include "unwind.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "cfiexpr.h"
#include "space.h"
#include "symbols.h"

#define FIRST_SLOTS 1024
#define ROWS_LIMIT (1 << 17) /* a process that makes code without end must not make the cache endless */

/* How to find one value of the caller's frame. */
enum rule_kind {
	RULE_UNKNOWN,	/* in a register that is not followed */
	RULE_UNDEFINED, /* there is none */
	RULE_SAME,	/* as in this frame */
	RULE_SAVED,	/* in memory at CFA + offset */
	RULE_SP,	/* sp + offset */
	RULE_FP,	/* fp + offset */
	RULE_VALUE,	/* what an expression gives */
	RULE_LOCATION,	/* in memory where an expression says */
};

struct rule {
	enum rule_kind kind;
	unsigned count; /* of operations */
	union {
		uint64_t offset;
		Dwarf_Op *op; /* owned: libdw's may go with its frame */
	};
};

/* What CFI says of the frames whose lookup address is `pc`. */
struct row {
	uint64_t pc;		     /* 0: the slot is empty */
	const struct module *module; /* that it was read from: another file may be mapped there later */
	bool found;		     /* CFI covers it */
	bool signal;		     /* a signal trampoline's: its caller did not call it */
	struct rule cfa, ra, fp;
};

struct unwinder {
	struct space *space;
	struct row *rows; /* open addressing; slots is a power of two */
	size_t slots, used;
};

/* What one step up the stack came to. */
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
	enum rule_kind kind = number == CFI_SP ? RULE_SP : number == CFI_FP ? RULE_FP : RULE_UNKNOWN;
	return (struct rule){.kind = kind, .offset = offset};
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
	return expression(RULE_LOCATION, op, count);
}

/* The state of CFI at `pc`, for the caller to free, or NULL. */
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

static void read_row(struct row *row, uint64_t pc, const struct module *module)
{
	Dwarf_Frame *frame = module && module->dwfl ? find_frame(module->dwfl, pc) : NULL;

	*row = (struct row){.pc = pc, .module = module};
	if (!frame)
		return;
	int ra = dwarf_frame_info(frame, NULL, NULL, &row->signal);
	row->found = true;
	row->cfa = cfa_rule(frame);
	row->ra = register_rule(frame, ra);
	row->fp = register_rule(frame, CFI_FP);
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

struct unwinder *unwinder_new(struct space *space)
{
	struct unwinder *u = xcalloc(1, sizeof(*u));

	u->space = space;
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
	free(u->rows);
	free(u);
}

/* The slot that has `pc`, or the empty one for it. */
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

/* The row for `pc`, which is not 0. Valid until the next call. */
static const struct row *row_of(struct unwinder *u, uint64_t pc)
{
	const struct module *module = space_module(u->space, pc);
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
	read_row(row, pc, module);
	return row;
}

/* --- steps --- */

static uint64_t value_of(const struct rule *rule, const struct cfi_frame *frame, uint64_t same,
			 const struct raw_stack *stack)
{
	switch (rule->kind) {
	case RULE_SAME:
		return same;
	case RULE_SAVED:
		return cfi_word(stack, frame->cfa + rule->offset);
	case RULE_SP:
		return frame->sp + rule->offset;
	case RULE_FP:
		return frame->fp ? frame->fp + rule->offset : 0;
	case RULE_VALUE:
	case RULE_LOCATION:
		return cfi_expression(rule->op, rule->count, rule->kind == RULE_LOCATION, frame, stack);
	case RULE_UNKNOWN:
	case RULE_UNDEFINED:
		break;
	}
	return 0;
}

static enum step step_by_cfi(const struct row *row, struct cfi_frame *frame, const struct raw_stack *stack,
			     struct cfi_frame *caller)
{
	if (row->ra.kind == RULE_UNDEFINED)
		return STEP_START;
	frame->cfa = value_of(&row->cfa, frame, 0, stack);
	if (frame->cfa == 0)
		return STEP_CUT;
	/* "Same" as here is in the link register, which is not copied. */
	caller->pc = value_of(&row->ra, frame, 0, stack);
	caller->sp = frame->cfa;
	caller->fp = value_of(&row->fp, frame, frame->fp, stack);
	return caller->pc ? STEP_CALLER : STEP_CUT;
}

/* Without CFI: lld's .plt and hand-written leaves have not moved sp; generated code and whole programs built
 * so keep frame pointers. `interrupted` says that the frame has called nothing, so sp may be as on entry. */
static enum step step_by_guess(struct unwinder *u, bool interrupted, const struct cfi_frame *frame,
			       const struct raw_stack *stack, struct cfi_frame *caller)
{
	uint64_t ra = CFI_CALL_PUSHES && interrupted ? cfi_word(stack, frame->sp) : 0;

	/* Any stale word may point into code; that its code has CFI, unlike this, makes it likelier. */
	if (ra > 1 && space_executable(u->space, ra - 1) && row_of(u, ra - 1)->found) {
		*caller = (struct cfi_frame){.pc = ra, .sp = frame->sp + 8, .fp = frame->fp};
		return STEP_CALLER;
	}
	/* Not below sp: that word was not copied. */
	ra = frame->fp ? cfi_word(stack, frame->fp + 8) : 0;
	if (frame->fp < frame->sp || ra == 0)
		return STEP_CUT;
	*caller = (struct cfi_frame){.pc = ra, .sp = frame->fp + 16, .fp = cfi_word(stack, frame->fp)};
	return STEP_CALLER;
}

/* Is `pc` in the function that a thread starts with? Those of musl, and old ones, have no CFI to say so. */
static bool starts_thread(struct unwinder *u, uint64_t pc)
{
	static const char *const names[] = {"_start", "_start_c", "clone", "__clone", "clone3", "__clone3"};
	struct module *module = space_module(u->space, pc);
	const char *name = module && module->dwfl ? symbols_find(module, pc, NULL) : NULL;

	for (size_t i = 0; name && i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

void unwind(struct unwinder *u, const struct raw_stack *stack, struct chain *chain)
{
	struct cfi_frame frame = {.pc = stack->ip, .sp = stack->sp, .fp = stack->bp};
	bool interrupted = true; /* the frame has called nothing: its pc is not a return address */

	chain->count = 0;
	chain->cut = true;
	while (chain->count < UNWIND_MAX_FRAMES) {
		/* A call can be its function's last instruction: what follows is in another one. */
		uint64_t pc = interrupted ? frame.pc : frame.pc - 1;
		bool code = pc != 0 && space_executable(u->space, pc);
		const struct row *row = code ? row_of(u, pc) : NULL;
		struct cfi_frame caller = {.pc = 0};
		enum step step = STEP_CUT;

		if (row || chain->count == 0) /* what is not code is no frame, but there is always a leaf */
			chain->pc[chain->count++] = row && row->signal ? frame.pc : pc;
		if (!row)
			return;
		bool signal = row->signal; /* the row may move in the cache */
		if (row->found)
			step = step_by_cfi(row, &frame, stack, &caller);
		else
			step = step_by_guess(u, interrupted, &frame, stack, &caller);
		if (step == STEP_CUT || caller.sp <= frame.sp) {
			/* A leaf may be in the parent's half of clone. */
			chain->cut = step != STEP_START && (chain->count == 1 || !starts_thread(u, pc));
			return;
		}
		interrupted = signal;
		frame = caller;
	}
}
