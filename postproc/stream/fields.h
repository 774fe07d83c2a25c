/* SPDX-License-Identifier: Apache-2.0 */
/* fields.h - reads and writes an event line field by field: words between single spaces, numbers, escaped
 * text. "-" means not known. */
#ifndef HUD_STREAM_FIELDS_H
#define HUD_STREAM_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Bytes of a word or text that are kept (an escaped byte counts as four). The longest Rust names have some
 * 10,000. */
#define FIELD_LONGEST 16384

/* The rest of a line, which is changed in place. `p` is NULL after the last field; *end is NUL. A missing or
 * malformed field sets `bad`, and then nothing taken from the line is valid. */
struct fields {
	char *p, *end;
	bool bad;
};

/* A word, NUL-terminated, and its length. An empty one is bad. */
char *field_word(struct fields *c, size_t *length);

/* Numbers; 0 if not known. More than `max`, or than 64 bits, is bad. */
uint64_t field_decimal(struct fields *c, uint64_t max);
uint64_t field_hex(struct fields *c);
long field_id(struct fields *c); /* of a thread or process */

/* -1 if there is none, or it is not known (0 is a system call). */
long field_system_call(struct fields *c);

/* A word; "" if not known. */
const char *field_name(struct fields *c);

/* The index of the word in `choices`, which end with NULL; -1 if not known. */
int field_choice(struct fields *c, const char *const *choices);

/* The rest of the line, unescaped; may hold spaces; "" if not known. A comm ends at its first NUL; what
 * follows is padding of the kernel's buffer. */
const char *field_text(struct fields *c);

/* A field of text in which spaces are escaped, too; NULL if not known. */
const char *field_escaped(struct fields *c);

/* Each writes a space and a field. A word or text that is NULL, and an empty word, is written as not
 * known. */
void put_decimal(FILE *out, uint64_t value);
void put_hex(FILE *out, uint64_t value);
void put_word(FILE *out, const char *word);    /* plain ASCII */
void put_text(FILE *out, const char *text);    /* read by field_text() */
void put_escaped(FILE *out, const char *text); /* read by field_escaped(); "" is written as not known */

/* The number of `length` digits. Returns false if there are other characters, or more than 64 bits. */
bool digits_decimal(char *digits, size_t length, uint64_t *value);
bool digits_hex(char *digits, size_t length, uint64_t *value);

#endif
