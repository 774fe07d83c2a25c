/* SPDX-License-Identifier: Apache-2.0 */
/* cfi-rows.c - see cfi-rows.h. */
#include "resolve/unwind/cfi-rows.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <gelf.h>
#include <libiberty/libiberty.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "resolve/elf/budget.h"

#define FIRST_SLOTS 1024
#define ROWS_LIMIT (1 << 17) /* bounds the cache if a process generates code forever */

static const char too_long[] = "its call frame information takes too long to read: its stacks are cut";

struct cfi_rows {
	struct space *space;
	const struct arch *arch;
	struct cfi_row *row; /* open addressing; slots is a power of two */
	size_t slots, used;
};

/* --- rows from libdw --- */

static struct cfi_rule expression(enum cfi_rule_kind kind, const Dwarf_Op *op, size_t count)
{
	struct cfi_rule rule = {.kind = kind, .count = (unsigned)count};

	rule.op = xmalloc(count * sizeof(*op));
	memcpy(rule.op, op, count * sizeof(*op));
	return rule;
}

static struct cfi_rule cfa_rule(Dwarf_Frame *frame)
{
	Dwarf_Op *op;
	size_t count;

	if (dwarf_frame_cfa(frame, &op, &count) != 0 || count == 0)
		return (struct cfi_rule){.kind = CFI_RULE_UNKNOWN};
	if (count > 1 || (op->atom != DW_OP_bregx && (op->atom < DW_OP_breg0 || op->atom > DW_OP_breg31)))
		return expression(CFI_RULE_VALUE, op, count);

	uint64_t number = op->atom == DW_OP_bregx ? op->number : op->atom - (uint64_t)DW_OP_breg0;
	uint64_t offset = op->atom == DW_OP_bregx ? op->number2 : op->number;
	if (number > UINT_MAX)
		return (struct cfi_rule){.kind = CFI_RULE_UNKNOWN};
	return (struct cfi_rule){.kind = CFI_RULE_REGISTER, .count = (unsigned)number, .offset = offset};
}

static struct cfi_rule register_rule(Dwarf_Frame *frame, int number)
{
	Dwarf_Op memory[3], *op;
	size_t count;

	if (number < 0 || dwarf_frame_register(frame, number, memory, &op, &count) != 0)
		return (struct cfi_rule){.kind = CFI_RULE_UNKNOWN};
	if (count == 0)
		return (struct cfi_rule){.kind = op ? CFI_RULE_UNDEFINED : CFI_RULE_SAME};
	if (op->atom == DW_OP_call_frame_cfa && count == 1)
		return (struct cfi_rule){.kind = CFI_RULE_SAVED, .offset = 0};
	if (op->atom == DW_OP_call_frame_cfa && count == 2 && op[1].atom == DW_OP_plus_uconst)
		return (struct cfi_rule){.kind = CFI_RULE_SAVED, .offset = op[1].number};
	if (op->atom == DW_OP_regx && count == 1 && op->number <= UINT_MAX)
		return (struct cfi_rule){
			.kind = CFI_RULE_REGISTER, .count = (unsigned)op->number, .offset = 0};
	return expression(CFI_RULE_LOCATION, op, count);
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

static void read_row(const struct arch *arch, struct cfi_row *row, uint64_t pc, struct module *module)
{
	Dwarf_Frame *frame = NULL;

	if (module && module->dwfl && module->cfi_time < BUDGET_CFI) {
		uint64_t start = budget_now();

		frame = find_frame(module->dwfl, pc);
		module->cfi_time += budget_now() - start;
		if (module->cfi_time >= BUDGET_CFI)
			module->problem = too_long;
	}
	*row = (struct cfi_row){.pc = pc, .module = module};
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

static void free_rule(struct cfi_rule *rule)
{
	if (rule->kind == CFI_RULE_VALUE || rule->kind == CFI_RULE_LOCATION)
		free(rule->op);
}

static void clear_row(struct cfi_row *row)
{
	free_rule(&row->cfa);
	free_rule(&row->ra);
	free_rule(&row->fp);
	*row = (struct cfi_row){.pc = 0};
}

/* --- the cache --- */

struct cfi_rows *cfi_rows_new(struct space *space, const struct arch *arch)
{
	struct cfi_rows *rows = xcalloc(1, sizeof(*rows));

	rows->space = space;
	rows->arch = arch;
	rows->slots = FIRST_SLOTS;
	rows->row = xcalloc(rows->slots, sizeof(*rows->row));
	return rows;
}

void cfi_rows_free(struct cfi_rows *rows)
{
	if (!rows)
		return;
	for (size_t i = 0; i < rows->slots; i++)
		clear_row(&rows->row[i]);
	free(rows->row);
	free(rows);
}

/* The slot of `pc`, or the free one for it. */
static struct cfi_row *slot_of(const struct cfi_rows *rows, uint64_t pc)
{
	size_t i = (size_t)((pc * UINT64_C(0x9e3779b97f4a7c15)) >> 32);

	while (rows->row[i & (rows->slots - 1)].pc != pc && rows->row[i & (rows->slots - 1)].pc != 0)
		i++;
	return &rows->row[i & (rows->slots - 1)];
}

static void make_room(struct cfi_rows *rows)
{
	struct cfi_row *old = rows->row;
	size_t slots = rows->slots;

	if (rows->used >= ROWS_LIMIT) {
		for (size_t i = 0; i < slots; i++)
			clear_row(&old[i]);
		rows->used = 0;
	}
	if (rows->used < slots / 2)
		return;
	rows->slots = 2 * slots;
	rows->row = xcalloc(rows->slots, sizeof(*rows->row));
	for (size_t i = 0; i < slots; i++)
		if (old[i].pc != 0)
			*slot_of(rows, old[i].pc) = old[i];
	free(old);
}

const struct cfi_row *cfi_rows_at(struct cfi_rows *rows, uint64_t pc)
{
	struct module *module = space_module(rows->space, pc);
	struct cfi_row *row = slot_of(rows, pc);

	if (row->pc == pc && row->module == module)
		return row;
	if (row->pc == pc) {
		clear_row(row);
	} else {
		make_room(rows);
		row = slot_of(rows, pc);
		rows->used++;
	}
	read_row(rows->arch, row, pc, module);
	return row;
}

/* --- what a rule gives --- */

uint64_t cfi_rule_value(const struct arch *arch, const struct cfi_rule *rule, const struct cfi_frame *frame,
			uint64_t same, const struct raw_stack *stack)
{
	uint64_t base;

	switch (rule->kind) {
	case CFI_RULE_SAME:
		return same;
	case CFI_RULE_SAVED:
		/* Below sp it was popped, and is in its register again: GCC's CFI does not say so after
		 * `leave`. */
		if (frame->cfa + rule->offset < frame->sp)
			return same;
		return cfi_word(stack, frame->cfa + rule->offset);
	case CFI_RULE_REGISTER:
		base = cfi_register(arch, frame, rule->count);
		return base ? base + rule->offset : 0;
	case CFI_RULE_VALUE:
	case CFI_RULE_LOCATION:
		return cfi_expression(rule->op, rule->count, rule->kind == CFI_RULE_LOCATION, arch, frame,
				      stack);
	case CFI_RULE_UNKNOWN:
	case CFI_RULE_UNDEFINED:
		break;
	}
	return 0;
}
