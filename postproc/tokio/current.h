/* current.h - where the tick is in the core of a current-thread runtime.
 *
 * It depends on which of Tokio's features were chosen, so no table tells: the live process does.
 */
#ifndef HUD_TOKIO_CURRENT_H
#define HUD_TOKIO_CURRENT_H

#include "tokio/layout.h"

/* In the runtime that the thread with thread pointer `fs` runs: since 1.29 the interval is behind the tick, 31 if it was not set. False
 * if there is not exactly one such number, or the thread runs none; else layout->current_thread is known. */
bool tokio_find_current(pid_t pid, uint64_t fs, struct tokio_layout *layout);

/* In those that any of the threads run, for all layouts that do not have it from debug info. Up to 1.28 by what goes up with each task,
 * which takes up to two seconds. */
void tokio_find_currents(pid_t pid, const struct thread *threads, size_t count,
			 struct tokio_layouts *layouts);

#endif
