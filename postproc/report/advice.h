/* SPDX-License-Identifier: Apache-2.0 */
/* advice.h - what to do about a blocker. */
#ifndef HUD_REPORT_ADVICE_H
#define HUD_REPORT_ADVICE_H

#include "tally/model.h"

/* What to do about this blocker: its reason's advice, unless who had the CPU, or what a lock's holder did, says more. Static text. */
const char *reason_advice(const struct blocker *blocker);

#endif
