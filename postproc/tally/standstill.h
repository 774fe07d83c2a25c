/* SPDX-License-Identifier: Apache-2.0 */
/* standstill.h - when no worker polled the driver of I/O and timers, because the one that should have was in
 * a long poll.
 *
 * One of Tokio's idle workers waits in the driver, the others wait for each other. If that worker gets a task
 * and is blocked in it, no other one replaces it until something wakes one: timers and I/O of the whole
 * runtime stand still. Times are ns on one clock. In a long trace only its last part counts: as many long
 * polls, and changes of who waits, as are kept.
 */
#ifndef HUD_TALLY_STANDSTILL_H
#define HUD_TALLY_STANDSTILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tally/model.h"

struct standstills;

/* Exits the program when out of memory. */
struct standstills *standstills_new(void);
void standstills_free(struct standstills *standstills);

/* At `ns`, a stretch begins (`unpolled`) or ends in which no worker waits in the driver, although one waits
 * elsewhere. In order of time. */
void standstills_parked(struct standstills *standstills, uint64_t ns, bool unpolled);

/* A worker was stopped, by a debugger or a signal: nobody is to blame for standstill in that time. */
void standstills_stop(struct standstills *standstills, uint64_t start, uint64_t end);

/* Worker `tid` was in a long poll, mostly in `blocker`, which must outlive this. */
void standstills_poll(struct standstills *standstills, uint64_t start, uint64_t end, long tid,
		      const struct blocker *blocker);

/* Removes all polls; keeps what the two functions above were told. */
void standstills_clear(struct standstills *standstills);

/* The stretches so far during which some of the `workers`, but not all, were in long polls, and none was
 * stopped. */
struct standstill standstills_of(const struct standstills *standstills, size_t workers);

#endif
