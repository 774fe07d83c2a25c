/* cfiexpr.h - values of DWARF expressions in call frame information, over a copied stack.
 *
 * Everywhere here a value of 0 means "not known": the probe writes 0 for the words it does not keep, and none
 * of the values looked for (code addresses, stack addresses) is ever 0.
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
	uint64_t lr;  /* only where the frame has called nothing: a call overwrites it */
	uint64_t low; /* nothing of the frame lies below: sp, or without that what is known of it */
	uint64_t cfa; /* the stack pointer before the call, once it is worked out */
};

/* The copied word at `address`; 0 if it was not copied. */
uint64_t cfi_word(const struct raw_stack *stack, uint64_t address);

/* The frame's register with DWARF's number `number` on `arch`; 0 if it is not known or not followed. */
uint64_t cfi_register(const struct arch *arch, const struct cfi_frame *frame, uint64_t number);

/* The value of an expression of `count` operations: of what is at the address it gives, if `location` and it
 * does not end in DW_OP_stack_value. 0 if something it needs is not known or an operation is not one that CFI
 * uses. */
uint64_t cfi_expression(const Dwarf_Op *op, size_t count, bool location, const struct arch *arch,
			const struct cfi_frame *frame, const struct raw_stack *stack);

#endif
