/* SPDX-License-Identifier: Apache-2.0 */
#include "resolve/unwind/cfiexpr.h"

#include <dwarf.h>

#define DEPTH_LIMIT 16 /* compilers and libc need 4 */

/* The expression's stack. Once a value is not known, the result is not known. */
struct values {
	uint64_t value[DEPTH_LIMIT];
	size_t count;
	bool failed;
};

size_t raw_stack_near(const struct raw_stack *stack)
{
	size_t near = stack->words;

	for (unsigned i = 0; i < stack->parts; i++)
		near -= stack->part[i].words < near ? stack->part[i].words : near;
	return near;
}

uint64_t cfi_word(const struct raw_stack *stack, uint64_t address)
{
	uint64_t distance = address - stack->sp; /* below sp: wraps around, beyond any stack */
	size_t before = raw_stack_near(stack);

	if (distance % 8 == 0 && distance / 8 < before)
		return stack->word[distance / 8];
	for (unsigned i = 0; i < stack->parts; before += stack->part[i++].words) {
		distance = address - stack->part[i].start;
		if (distance % 8 == 0 && distance / 8 < stack->part[i].words &&
		    before + distance / 8 < stack->words)
			return stack->word[before + distance / 8];
	}
	return 0;
}

static void push(struct values *values, uint64_t value)
{
	if (values->count == DEPTH_LIMIT)
		values->failed = true;
	else
		values->value[values->count++] = value;
}

static uint64_t pop(struct values *values)
{
	if (values->count == 0) {
		values->failed = true;
		return 0;
	}
	return values->value[--values->count];
}

static void push_known(struct values *values, uint64_t base, uint64_t offset)
{
	if (base == 0)
		values->failed = true;
	push(values, base + offset);
}

/* Operations on the topmost one or two values. */
static void calculate(struct values *values, const Dwarf_Op *op)
{
	uint64_t top = pop(values), second;

	switch (op->atom) {
	case DW_OP_drop:
		return;
	case DW_OP_dup:
		push(values, top);
		push(values, top);
		return;
	case DW_OP_plus_uconst:
		push(values, top + op->number);
		return;
	default:
		break;
	}
	second = pop(values);
	switch (op->atom) {
	case DW_OP_swap:
		push(values, top);
		push(values, second);
		return;
	case DW_OP_plus:
		push(values, second + top);
		return;
	case DW_OP_minus:
		push(values, second - top);
		return;
	case DW_OP_and:
		push(values, second & top);
		return;
	case DW_OP_shl:
		push(values, top < 64 ? second << top : 0);
		return;
	case DW_OP_ge:
		push(values, (int64_t)second >= (int64_t)top);
		return;
	default:
		values->failed = true;
	}
}

uint64_t cfi_register(const struct arch *arch, const struct cfi_frame *frame, uint64_t number)
{
	if (number == arch->sp)
		return frame->sp;
	if (number == arch->fp)
		return frame->fp;
	if (number == arch->pc)
		return frame->pc;
	return arch->has_lr && number == arch->lr ? frame->lr : 0;
}

uint64_t cfi_expression(const Dwarf_Op *op, size_t count, bool location, const struct arch *arch,
			const struct cfi_frame *frame, const struct raw_stack *stack)
{
	struct values values = {.count = 0};

	/* Always ends: branches, which CFI does not use, are not supported. */
	for (size_t i = 0; i < count && !values.failed; i++, op++) {
		if (op->atom >= DW_OP_breg0 && op->atom <= DW_OP_breg31) {
			push_known(&values, cfi_register(arch, frame, op->atom - DW_OP_breg0), op->number);
			continue;
		}
		if (op->atom >= DW_OP_lit0 && op->atom <= DW_OP_lit31) {
			push(&values, op->atom - DW_OP_lit0);
			continue;
		}
		switch (op->atom) {
		case DW_OP_bregx:
			push_known(&values, cfi_register(arch, frame, op->number), op->number2);
			break;
		case DW_OP_const1u:
		case DW_OP_const1s:
		case DW_OP_const2u:
		case DW_OP_const2s:
		case DW_OP_const4u:
		case DW_OP_const4s:
		case DW_OP_const8u:
		case DW_OP_const8s:
		case DW_OP_constu:
		case DW_OP_consts:
			push(&values, op->number); /* libdw has extended its sign */
			break;
		case DW_OP_call_frame_cfa:
			/* libdw puts the CFA first in all rules for registers; rules of signal frames do not
			 * need it. */
			if (i > 0 || frame->cfa != 0)
				push_known(&values, frame->cfa, 0);
			break;
		case DW_OP_deref:
			push_known(&values, cfi_word(stack, pop(&values)), 0);
			break;
		case DW_OP_nop:
			break;
		case DW_OP_stack_value:
			location = false;
			break;
		default:
			calculate(&values, op);
		}
	}
	uint64_t result = pop(&values);
	if (values.failed)
		return 0;
	return location ? cfi_word(stack, result) : result;
}
