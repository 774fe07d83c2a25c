/* clock.h - time that goes by, whatever is done to the date: CLOCK_MONOTONIC. */
#ifndef HUD_BASE_CLOCK_H
#define HUD_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

uint64_t clock_ns(void);
int64_t clock_ms(void);

/* The clock of the events: what bpftrace's nsecs is. */
clockid_t clock_of_events(void);

#endif
