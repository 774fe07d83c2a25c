/* SPDX-License-Identifier: Apache-2.0 */
/* budget.h - limits the CPU time that one module may cost.
 *
 * A hostile file can take hours to read: a row of call frame information with a hundred million registers, or
 * ranges that are searched for each of a million entries. libdw has no limits. So its time is measured, and a
 * module that has cost too much is not read any more. An honest module of 1 GB costs a hundredth of the
 * limit.
 */
#ifndef HUD_RESOLVE_ELF_BUDGET_H
#define HUD_RESOLVE_ELF_BUDGET_H

#include <stdint.h>

/* The limits for a module's call frame information, and for its debug info, in ns. */
#define BUDGET_CFI UINT64_C(2000000000)
#define BUDGET_DEBUG UINT64_C(20000000000)

/* The CPU time of this thread so far, ns. */
uint64_t budget_now(void);

#endif
