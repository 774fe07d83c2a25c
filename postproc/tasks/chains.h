/* SPDX-License-Identifier: Apache-2.0 */
/* chains.h - the await chains of tasks that run meanwhile: all that a chain was made of is read twice. */
#ifndef HUD_TASKS_CHAINS_H
#define HUD_TASKS_CHAINS_H

#include "awaits/awaits.h"

struct found_task;
struct look;
struct chains;

/* `look` must outlive it. */
struct chains *chains_new(const struct look *look);
void chains_free(struct chains *chains);

/* Reads the chain of a task. Returns NULL if its memory was another one at the second reading, time after time:
 * the task moved. Otherwise the caller frees it by awaits_task_free(); texts in it are valid until
 * chains_free(). */
struct await_task *chain_read(struct chains *chains, const struct found_task *task);

/* As awaits_of_stack(); it is read once. */
struct await_task *chain_on_stack(struct chains *chains, uint64_t code, uint64_t start, uint64_t end,
				  await_believe *believe, void *arg);

/* How many tasks moved. */
size_t chains_moved(const struct chains *chains);

/* Why tasks of the module at `address` have no chains (static text), or NULL. */
const char *chains_problem(struct chains *chains, uint64_t address);

#endif
