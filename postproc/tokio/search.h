/* SPDX-License-Identifier: Apache-2.0 */
/* search.h - finds Tokio's variables in thread-local memory without symbols. */
#ifndef HUD_TOKIO_SEARCH_H
#define HUD_TOKIO_SEARCH_H

#include "tokio/layout.h"

/* Replaces layouts of unknown address (`searched` is not 0 in the first one, and then in all) by those that
 * are found in the threads' memory, possibly none. Takes up to half a second. */
void tokio_search(pid_t pid, const struct thread *threads, size_t count, struct tokio_layouts *layouts);

#endif
