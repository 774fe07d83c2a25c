/* SPDX-License-Identifier: Apache-2.0 */
/* cfi-rows.h - the rules of call frame information for code addresses, read by libdw and kept. */
#ifndef HUD_RESOLVE_UNWIND_CFI_ROWS_H
#define HUD_RESOLVE_UNWIND_CFI_ROWS_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arch.h"
#include "resolve/elf/address-space.h"
#include "resolve/unwind/cfiexpr.h"

/* How to find one value of the caller's frame. */
enum cfi_rule_kind {
	CFI_RULE_UNKNOWN,   /* in a register that is not followed */
	CFI_RULE_UNDEFINED, /* it has none */
	CFI_RULE_SAME,	    /* unchanged */
	CFI_RULE_SAVED,	    /* at CFA + offset in memory */
	CFI_RULE_REGISTER,  /* a register + offset */
	CFI_RULE_VALUE,	    /* the value of an expression */
	CFI_RULE_LOCATION,  /* in memory at the address of an expression */
};

struct cfi_rule {
	enum cfi_rule_kind kind;
	unsigned count; /* operations, or the register's number */
	union {
		uint64_t offset;
		Dwarf_Op *op; /* a copy: libdw frees its own with the frame */
	};
};

/* The rules of CFI for a lookup address. */
struct cfi_row {
	uint64_t pc;		     /* 0: the slot is empty */
	const struct module *module; /* the module it is from: another file may be mapped there later */
	bool found;		     /* CFI covers it */
	bool signal;		     /* a signal trampoline: its caller did not call it */
	bool sigreturn;		     /* a trampoline that CFI cannot unwind */
	struct cfi_rule cfa, ra, fp;
};

struct cfi_rows;

/* Keeps both. Exits the program when out of memory. */
struct cfi_rows *cfi_rows_new(struct space *space, const struct arch *arch);
void cfi_rows_free(struct cfi_rows *rows);

/* The row for `pc` (not 0). Valid until the next call. */
const struct cfi_row *cfi_rows_at(struct cfi_rows *rows, uint64_t pc);

/* The value that the rule gives in *frame; `same`: the value there, if it is unchanged. 0: not known. */
uint64_t cfi_rule_value(const struct arch *arch, const struct cfi_rule *rule, const struct cfi_frame *frame,
			uint64_t same, const struct raw_stack *stack);

#endif
