/* json-writer.h - JSON, written as it goes, by yajl's generator: nothing of a document is kept in memory.
 *
 * What fails (a full disk) shows at the end, in json_end(). Keys are the program's own; text of strangers goes through
 * escape_json().
 */
#ifndef HUD_FORMAT_JSON_WRITER_H
#define HUD_FORMAT_JSON_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json;

/* A document to `out`, which stays the caller's. `indent`: laid out for people, a value a line. */
struct json *json_begin(FILE *out, bool indent);

/* Ends the document with a line's end, and frees it. Returns 0, or -1 with errno set: it was not written whole. */
int json_end(struct json *j);

/* Ends one document of several, a line each. */
void json_next(struct json *j);

/* Objects and arrays. `key` is NULL in an array and at the top; elsewhere the member's name. */
void json_object(struct json *j, const char *key);
void json_object_end(struct json *j);
void json_array(struct json *j, const char *key);
void json_array_end(struct json *j);

/* Values. `raw` may hold any bytes; NULL gives null. */
void json_text(struct json *j, const char *key, const char *raw);
void json_number(struct json *j, const char *key, uint64_t value);
void json_signed(struct json *j, const char *key, int64_t value);
void json_bool(struct json *j, const char *key, bool value);
void json_null(struct json *j, const char *key);

/* A number as it is to stand there: `text` is one by JSON's rules. */
void json_literal(struct json *j, const char *key, const char *text);

#endif
