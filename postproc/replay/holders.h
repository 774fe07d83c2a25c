/* SPDX-License-Identifier: Apache-2.0 */
/* holders.h - what the thread that released a lock did while another waited for it.
 *
 * A lock's holder runs when it releases the lock: all that it slept in until then was told before. Nothing is known of threads that are
 * not watched, as those of the blocking pool.
 */
#ifndef HUD_REPLAY_HOLDERS_H
#define HUD_REPLAY_HOLDERS_H

#include <stdbool.h>
#include <stdint.h>

#include "tally/block.h"

struct holders;

struct holders *holders_new(void);
void holders_free(struct holders *holders);

/* Takes what thread `did->tid` did from `did->start` on for `did->duration`, or was seen doing at that moment if that is 0, in order of time.
 * Of the block count besides these two run_queue, which is its end, reason, syscall and stack, which must stay. */
void holders_did(struct holders *holders, const struct block *did);

/* Sets wait->held, if the thread that released the lock that `wait` waited for is of this process, and did one thing for at least half of that time: waiting for a CPU is one, whatever it did before.
 * Wakers come first: wait->peer must be set. Not if it was no lock, but a condition variable, a channel or a thread's end. */
void holders_find(const struct holders *holders, struct block *wait);

/* The thread exited. */
void holders_gone(struct holders *holders, long tid);

#endif
