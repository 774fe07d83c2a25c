/* SPDX-License-Identifier: Apache-2.0 */
/* spans.h - single blocks: the newest, or all. */
#ifndef HUD_TALLY_SPANS_H
#define HUD_TALLY_SPANS_H

#include "tally/block.h"
#include "tally/model.h"

struct spans;

/* A block. `span` lacks the worker and blocker of the model. */
struct kept_span {
	struct span span;
	long tid;
	const struct blocker *blocker; /* from blockers.h */
};

/* `all`: keeps all blocks, with who ended them; otherwise the newest 20,000, which charts need. Exits the
 * program when out of memory. */
struct spans *spans_new(bool all);
void spans_free(struct spans *spans);

/* Adds a block of `blocker`. Its stacks must outlive the spans. */
void spans_add(struct spans *spans, const struct block *block, const struct blocker *blocker);

/* The kept blocks, in no order; *count of them. Owned by the spans, valid until the next block is added. */
const struct kept_span *spans_kept(const struct spans *spans, size_t *count);

#endif
