/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h - CLOCK_MONOTONIC: it never jumps when somebody sets the date. */
#ifndef HUD_BASE_CLOCK_H
#define HUD_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

uint64_t clock_ns(void);
int64_t clock_ms(void);

/* The clock that event lines are stamped with: that of bpftrace's nsecs. */
clockid_t clock_of_events(void);
uint64_t clock_events_ns(void);

#endif
