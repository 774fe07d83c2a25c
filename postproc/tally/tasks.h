/* SPDX-License-Identifier: Apache-2.0 */
/* tasks.h - long polls by task. */
#ifndef HUD_TALLY_TASKS_H
#define HUD_TALLY_TASKS_H

#include <stddef.h>
#include <stdint.h>

#include "tally/model.h"

struct tasks;

struct tasks *tasks_new(void);
void tasks_free(struct tasks *tasks);

/* A poll of this task (copied; NULL: not known) took `ns`. */
void tasks_add(struct tasks *tasks, const char *name, uint64_t ns);

/* Removes all polls of tasks_add(). */
void tasks_clear(struct tasks *tasks);

/* `count` polls of this task took a duration of this class of the model. */
void tasks_took(struct tasks *tasks, const char *name, unsigned class, uint64_t count);

/* Before `count` polls this task had waited for so long since it was woken. */
void tasks_waited(struct tasks *tasks, const char *name, unsigned class, uint64_t count);

/* All tasks by total, largest first; *count of them. The caller frees the array; the names belong to
 * `tasks`. */
struct task *tasks_ranked(const struct tasks *tasks, size_t *count);

#endif
