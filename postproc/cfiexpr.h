/* cfiexpr.h - values of DWARF expressions in call frame information, over a copied stack.
 *
 * Everywhere here a value of 0 means "not known": the probe writes 0 for the words it does not keep, and none
 * of the values looked for (code addresses, stack addresses) is ever 0.
 */
#ifndef HUD_CFIEXPR_H
#define HUD_CFIEXPR_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "unwind.h"

/* DWARF's numbers for the registers that are followed, and whether a call pushes its return address. */
#if defined(__aarch64__)
enum { CFI_PC = 32, CFI_SP = 31, CFI_FP = 29, CFI_CALL_PUSHES = 0 };
#elif defined(__x86_64__)
enum { CFI_PC = 16, CFI_SP = 7, CFI_FP = 6, CFI_CALL_PUSHES = 1 };
#else
#error "which registers does CFI speak of here?"
#endif

/* One frame's registers; 0 = not known. */
struct cfi_frame {
	uint64_t pc, sp, fp;
	uint64_t cfa; /* the stack pointer before the call, once it is worked out */
};

/* The copied word at `address`; 0 if it was not copied. */
uint64_t cfi_word(const struct raw_stack *stack, uint64_t address);

/* The value of an expression of `count` operations: of what is at the address it gives, if `location` and it
 * does not end in DW_OP_stack_value. 0 if something it needs is not known or an operation is not one that CFI
 * uses. */
uint64_t cfi_expression(const Dwarf_Op *op, size_t count, bool location, const struct cfi_frame *frame,
			const struct raw_stack *stack);

#endif
