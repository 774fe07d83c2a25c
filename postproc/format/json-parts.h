/* SPDX-License-Identifier: Apache-2.0 */
/* json-parts.h - parts that the JSON formats share. report-schema.json describes them.
 *
 * All times are in nanoseconds. Those of blocks and workers are relative to the trace's start, so that every
 * reader gets them exactly (many read JSON's numbers as doubles).
 */
#ifndef HUD_FORMAT_JSON_PARTS_H
#define HUD_FORMAT_JSON_PARTS_H

#include "format/json-writer.h"
#include "tally/model.h"

#define JSON_VERSION 1 /* of report-schema.json; goes up when an old reader could misread a document */

/* Members of the open object: its type and version; what was traced, and how. */
void json_head(struct json *j, const char *type, const struct model *model);

/* Members: sums, quantiles of all blocks and waits for a CPU, what was lost, workers, tasks, runtimes. */
void json_summary(struct json *j, const struct model *model);

/* The member "runtimes": what they said of themselves. */
void json_runtimes(struct json *j, const struct model *model);
/* "standing": where all tasks stood at a look at the process's memory; nothing without one. */
void json_standing(struct json *j, const struct model *m);

/* A member: count, longest and quantiles. */
void json_histogram(struct json *j, const char *key, const struct histogram *histogram);

/* A stack with its frames, leaf first. `type`: a member that says what the object is, or NULL. */
void json_stack(struct json *j, const char *type, const struct verdict *stack);

/* Members: reason and location. */
void json_blocker(struct json *j, enum reason reason, const struct blocker *blocker);

/* The member `key`: a stack's id, or null. */
void json_stack_id(struct json *j, const char *key, const struct verdict *stack);

/* Who ended a block of this reason, or had the CPU; null if not known. `key` is NULL in an array. */
void json_peer(struct json *j, const char *key, enum reason reason, const struct peer *peer);

/* What a lock's holder did while others waited for it, as an object. */
void json_held(struct json *j, const struct held *held);

/* Every stack that blockers and their peers refer to, and shares, or with `blocks` each block and its peer, once, by id. The caller
 * frees the array. */
const struct verdict **json_stacks(const struct model *model, bool blocks, size_t *count);

#endif
