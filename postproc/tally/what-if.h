/* SPDX-License-Identifier: Apache-2.0 */
/* what-if.h - how much of the time with all workers in long polls is due to each blocker: it would be gone without
 * that blocker, if all else stayed as it was.
 *
 * Times are ns on one clock. Memory is bounded by the number of blockers: of earlier polls only sums are kept. */
#ifndef HUD_TALLY_WHAT_IF_H
#define HUD_TALLY_WHAT_IF_H

#include <stddef.h>
#include <stdint.h>

struct blocker;
struct what_if;

/* Exits the program when out of memory. */
struct what_if *what_if_new(void);
void what_if_free(struct what_if *what_if);

/* A worker was in a long poll from `start` to `end`, mostly in `blocker`, which is only compared. Polls of one worker do
 * not overlap. They may come in any order, but at most some thousand polls late. */
void what_if_add(struct what_if *what_if, uint64_t start, uint64_t end, const struct blocker *blocker);

/* Calls `visit` for each blocker, in no order: for so long at least `workers` workers were in long polls at once, one of
 * them in this blocker. More may be added after that. */
typedef void what_if_visitor(void *context, const struct blocker *blocker, uint64_t time);
void what_if_visit(const struct what_if *what_if, size_t workers, what_if_visitor *visit, void *context);

#endif
