/* json-parts.h - the parts of a trace in JSON that its formats share. report-schema.json tells what they hold.
 *
 * All times are nanoseconds; those of blocks and workers are counted from the trace's start, so that every reader has them
 * exactly (JSON's numbers are often read as doubles).
 */
#ifndef HUD_FORMAT_JSON_PARTS_H
#define HUD_FORMAT_JSON_PARTS_H

#include "format/json-writer.h"
#include "tally/model.h"

#define JSON_VERSION 1 /* of report-schema.json; a new one when a reader of the old could misread it */

/* Members of the object that is open: what kind of object it is, and of which version; what was traced, and how. */
void json_head(struct json *j, const char *type, const struct model *model);

/* Members: the sums, and the quantiles of all blocks and run-queue waits; what was lost; the workers; the tasks. */
void json_summary(struct json *j, const struct model *model);

/* A member: count, longest and quantiles. */
void json_histogram(struct json *j, const char *key, const struct histogram *histogram);

/* A stack with its frames, leaf first. `type`: a member that says what the object is, or NULL. */
void json_stack(struct json *j, const char *type, const struct verdict *stack);

/* Members: why and where. */
void json_blocker(struct json *j, enum reason reason, const struct blocker *blocker);

/* The member `key`: a stack's id, or null. */
void json_stack_id(struct json *j, const char *key, const struct verdict *stack);

/* Who ended a block of this reason, or had the CPU. `key` is NULL in an array; null where nobody is known. */
void json_party(struct json *j, const char *key, enum reason reason, const struct party *party);

/* Every stack that blockers and their parties refer to, and shares, or with `blocks` each block and its party, once, by id. The caller
 * frees the array. */
const struct verdict **json_stacks(const struct model *model, bool blocks, size_t *count);

#endif
