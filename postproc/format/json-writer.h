/* SPDX-License-Identifier: Apache-2.0 */
/* json-writer.h - writes JSON with json-c as it goes. A document is an object; of its members, and of the
 * elements of its arrays, only the current one is in memory.
 *
 * A failure (a full disk) is reported by json_end(). Keys are constants that need no escaping. Text of
 * strangers passes through escape_json().
 */
#ifndef HUD_FORMAT_JSON_WRITER_H
#define HUD_FORMAT_JSON_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json;

/* Begins to write one or more documents to `out`, which the caller still owns. `indent`: for people, one
 * value a line; otherwise one document a line. */
struct json *json_begin(FILE *out, bool indent);

/* Frees it. Returns 0, or -1 with errno set if not everything was written. */
int json_end(struct json *j);

/* Objects and arrays. `key` is the member's name; NULL in an array and at the top. An object at the top is a
 * document; its end ends the line. */
void json_object_begin(struct json *j, const char *key);
void json_object_end(struct json *j);
void json_array_begin(struct json *j, const char *key);
void json_array_end(struct json *j);

/* Values. `raw` may hold any bytes; NULL gives null. */
void json_text(struct json *j, const char *key, const char *raw);
void json_number(struct json *j, const char *key, uint64_t value);
void json_signed(struct json *j, const char *key, int64_t value);
void json_boolean(struct json *j, const char *key, bool value);
void json_null(struct json *j, const char *key);

/* A number, written unchanged: `text` must be valid JSON. */
void json_literal(struct json *j, const char *key, const char *text);

#endif
