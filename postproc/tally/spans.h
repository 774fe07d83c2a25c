/* spans.h - blocks as they were, one by one: the newest, or all of them. */
#ifndef HUD_TALLY_SPANS_H
#define HUD_TALLY_SPANS_H

#include "tally/block.h"
#include "tally/model.h"

struct spans;

/* One that is kept. What tells which worker and which blocker of a model it is of, is not set in `span`. */
struct kept_span {
	struct span span;
	long tid;
	const struct blocker *blocker; /* of those that blockers.h adds up */
};

/* `all`: every one is kept, with who ended it, else the newest 20,000, which the charts need. Exits the program when out of memory. */
struct spans *spans_new(bool all);
void spans_free(struct spans *spans);

/* Keeps the block, which counts for `blocker`. The block's stacks must outlive the spans. */
void spans_add(struct spans *spans, const struct block *block, const struct blocker *blocker);

/* All that are kept, in no order; *count of them. They are the spans', until the next is added. */
const struct kept_span *spans_kept(const struct spans *spans, size_t *count);

#endif
