/* SPDX-License-Identifier: Apache-2.0 */
/* cfiexpr.h - evaluates DWARF expressions in call frame information, over a copied stack.
 *
 * A value of 0 means "not known" everywhere here: the probe writes 0 for words that it drops, and no code
 * address or stack address is ever 0.
 */
#ifndef HUD_RESOLVE_UNWIND_CFIEXPR_H
#define HUD_RESOLVE_UNWIND_CFIEXPR_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arch.h"
#include "resolve/unwind/unwind.h"

/* One frame's registers; 0 = not known. */
struct cfi_frame {
	uint64_t pc, sp, fp;
	uint64_t lr;  /* only in a frame that has called nothing: a call overwrites it */
	uint64_t low; /* the frame has nothing below this address: sp if known, otherwise a bound */
	uint64_t cfa; /* canonical frame address: sp before the call; 0 until computed */
};

/* The copied word at `address`; 0 if it was not copied. */
uint64_t cfi_word(const struct raw_stack *stack, uint64_t address);

/* The register with DWARF number `number` on `arch`; 0 if it is not known, or not followed. */
uint64_t cfi_register(const struct arch *arch, const struct cfi_frame *frame, uint64_t number);

/* Evaluates an expression of `count` operations. If `location`, and unless it ends in DW_OP_stack_value,
 * returns the word at the address that it gives. Returns 0 if something is not known, or an operation is none
 * that CFI uses. */
uint64_t cfi_expression(const Dwarf_Op *op, size_t count, bool location, const struct arch *arch,
			const struct cfi_frame *frame, const struct raw_stack *stack);

#endif
