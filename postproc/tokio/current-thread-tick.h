/* SPDX-License-Identifier: Apache-2.0 */
/* current-thread-tick.h - finds the tick in the core of a current-thread runtime.
 *
 * Its offset depends on the features that Tokio was built with, so no table has it: the live process shows
 * it.
 */
#ifndef HUD_TOKIO_CURRENT_THREAD_TICK_H
#define HUD_TOKIO_CURRENT_THREAD_TICK_H

#include "tokio/layout.h"

/* For the runtime on the thread with thread pointer `fs`. Since 1.29, the interval (31 by default) follows
 * the tick. Returns false unless exactly one number fits; then layout->current_thread is known. */
bool tokio_find_current(pid_t pid, uint64_t fs, struct tokio_layout *layout);

/* For the runtimes on all of these threads, and all layouts that lack it in debug info. Up to 1.28, by what
 * goes up with each task; this takes up to two seconds. */
void tokio_find_currents(pid_t pid, const struct thread *threads, size_t count,
			 struct tokio_layouts *layouts);

#endif
