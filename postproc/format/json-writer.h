/* json-writer.h - JSON, written as it goes by json-c. A document is an object. Of its members, and of the elements of those
 * that are arrays, only the one that is being made is in memory.
 *
 * A failure (a full disk) shows at the end, in json_end(). Keys are constants of this program that need no escaping. Text of
 * strangers goes through escape_json().
 */
#ifndef HUD_FORMAT_JSON_WRITER_H
#define HUD_FORMAT_JSON_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json;

/* Begins one document, or several, to `out`, which stays the caller's. `indent`: laid out for people, a value a line;
 * without it, a document is one line. */
struct json *json_begin(FILE *out, bool indent);

/* Frees it. Returns 0, or -1 with errno set: not all was written. */
int json_end(struct json *j);

/* Objects and arrays. `key` is NULL in an array and at the top; elsewhere the member's name. The object at the top is a
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

/* A number as it is to stand there: `text` is one by JSON's rules. */
void json_literal(struct json *j, const char *key, const char *text);

#endif
