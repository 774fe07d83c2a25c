/* SPDX-License-Identifier: Apache-2.0 */
/* watch.h - what has changed since the look before.
 *
 * Each look is a process of its own (look-process.h). What the next one has to know is in memory that they share; the
 * process that starts them reads none of it.
 */
#ifndef HUD_TASKS_WATCH_H
#define HUD_TASKS_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct found_task;
struct look;
struct task_type;
struct watch;

/* Before the first look is started. Returns NULL with errno set if there is no memory. */
struct watch *watch_new(void);

/* Was there a look before? Then the next three tell. */
bool watch_compares(const struct watch *watch);

/* In how many looks before this one, in a row, the task stood where it stands now, in the same state. */
unsigned watch_stands(const struct watch *watch, const struct look *look, const struct found_task *task);

/* How many tasks of this one's type, in its state, stood at its place in the look before. */
size_t watch_before(const struct watch *watch, const struct look *look, const struct found_task *task);

/* In how many looks in a row there were more tasks of this type than in the one before, this one included. */
unsigned watch_grows(const struct watch *watch, const struct task_type *type);

/* Keeps what this look has seen, for the next one. */
void watch_keep(struct watch *watch, const struct look *look);

#endif
