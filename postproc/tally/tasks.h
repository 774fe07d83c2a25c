/* tasks.h - long polls by the task that they were of. */
#ifndef HUD_TALLY_TASKS_H
#define HUD_TALLY_TASKS_H

#include <stddef.h>
#include <stdint.h>

#include "tally/model.h"

struct tasks;

struct tasks *tasks_new(void);
void tasks_free(struct tasks *tasks);

/* A poll of this task (copied; NULL: it is not known which) took `ns`. */
void tasks_add(struct tasks *tasks, const char *name, uint64_t ns);

/* No polls of tasks_add() any more. */
void tasks_clear(struct tasks *tasks);

/* `count` polls of this task took so long: a class of the model's. */
void tasks_took(struct tasks *tasks, const char *name, unsigned class, uint64_t count);

/* All so far, by their total, largest first; *count of them. The caller frees the array; the names are owned by `tasks`. */
struct task *tasks_ranked(const struct tasks *tasks, size_t *count);

#endif
