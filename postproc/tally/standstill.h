/* standstill.h - when nobody polled the driver of I/O and timers, because the worker that would have was in a long poll.
 *
 * Tokio's idle workers wait for one another; one of them waits in the driver. If that one gets a task, and is blocked in it, no other
 * takes its place until somebody wakes one: timers and I/O of the whole runtime stand still. Times are ns on one clock. Of a long trace
 * the latest part counts: so many long polls, and changes of who waits, as are kept.
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

/* From `ns` on no worker waits in the driver, but one waits otherwise; or that is over. In order of time. */
void standstills_parked(struct standstills *standstills, uint64_t ns, bool unpolled);

/* A worker was stopped then, by a debugger or a signal: nobody can be blamed for what stood still meanwhile. */
void standstills_stop(struct standstills *standstills, uint64_t start, uint64_t end);

/* Worker `tid` was in a long poll, mostly in `blocker`, which has to outlive this. */
void standstills_poll(struct standstills *standstills, uint64_t start, uint64_t end, long tid,
		      const struct blocker *blocker);

/* No polls any more; what was told by these two stays known. */
void standstills_clear(struct standstills *standstills);

/* The stretches, so far, in which that was so while some of the `workers` were in long polls, but not all, and none was stopped. */
struct standstill standstills_of(const struct standstills *standstills, size_t workers);

#endif
