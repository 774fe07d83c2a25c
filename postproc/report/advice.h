/* SPDX-License-Identifier: Apache-2.0 */
/* advice.h - what to do about a blocker. */
#ifndef HUD_REPORT_ADVICE_H
#define HUD_REPORT_ADVICE_H

#include "tally/model.h"

/* What to do about this blocker: its reason's advice, unless who had the CPU, or what a lock's holder did, says more. Static text. */
const char *reason_advice(const struct blocker *blocker);

/* Who had the CPU while workers waited for one, ns: this process's threads, other processes, nobody. */
struct cpu_shares {
	uint64_t own, others, idle;
};

void advice_add_culprit(struct cpu_shares *had, const struct peer *culprit);

/* What to do about these waits. Static text. */
const char *advice_run_queue(const struct cpu_shares *had);

#endif
