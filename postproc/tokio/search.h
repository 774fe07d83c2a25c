/* search.h - where Tokio's variables are in thread-local memory, if no symbol tells. */
#ifndef HUD_TOKIO_SEARCH_H
#define HUD_TOKIO_SEARCH_H

#include "tokio/layout.h"

/* Replaces the layouts whose place is not known (`searched` of the first is not 0: of all) by those at the places where they are seen in
 * the threads' memory, none if they are not seen. Takes up to half a second. */
void tokio_search(pid_t pid, const struct thread *threads, size_t count, struct tokio_layouts *layouts);

#endif
