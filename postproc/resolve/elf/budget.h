/* budget.h - how much CPU time one module may cost.
 *
 * Files of the target may be made so that reading them takes hours: a row of call frame information with a hundred million
 * registers, ranges that are looked through for each of a million entries. libdw has no limits, so what is asked of it is timed;
 * a module that has cost too much is not asked again. An honest one of 1 GB costs a hundredth of that.
 */
#ifndef HUD_RESOLVE_ELF_BUDGET_H
#define HUD_RESOLVE_ELF_BUDGET_H

#include <stdint.h>

/* ns that a module's call frame information, and its debug info, may cost. */
#define BUDGET_CFI UINT64_C(2000000000)
#define BUDGET_DEBUG UINT64_C(20000000000)

/* The time that this thread has spent on a CPU, ns. */
uint64_t budget_now(void);

#endif
