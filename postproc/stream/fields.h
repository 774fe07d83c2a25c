/* fields.h - an event line field by field, read and written: words between single spaces, numbers, escaped text. "-" is what is not known. */
#ifndef HUD_STREAM_FIELDS_H
#define HUD_STREAM_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Bytes of a word or text that are kept, escaped ones as four: the longest names of Rust's have some 10,000. */
#define FIELD_LONGEST 16384

/* What is left of a line, which is changed in place. `p` is NULL once its last field was taken; *end is NUL. A field that is
 * missing or is not what it should be makes the line bad, and then nothing that was taken from it means anything. */
struct fields {
	char *p, *end;
	bool bad;
};

/* One word, NUL-terminated, and its length. An empty one is bad. */
char *field_word(struct fields *c, size_t *length);

/* Numbers: 0 for one that is not known. More than `max`, or than 64 bits, is bad. */
uint64_t field_decimal(struct fields *c, uint64_t max);
uint64_t field_hex(struct fields *c);
long field_id(struct fields *c); /* of a thread or a process */

/* -1 for none, or one that is not known: 0 is a system call. */
long field_system_call(struct fields *c);

/* One word; "" if it is not known. */
const char *field_name(struct fields *c);

/* One of `choices`, which end with NULL: its index, or -1 if it is not known. */
int field_choice(struct fields *c, const char *const *choices);

/* The rest of the line, unescaped, which may hold spaces; "" if it is not known. A comm ends at its first NUL: what follows
 * that in a buffer of the kernel is padding. */
const char *field_text(struct fields *c);

/* One field of text, in which spaces are escaped as well; NULL if it is not known. */
const char *field_escaped(struct fields *c);

/* They write a space and a field. A word or text that is NULL is written as one that is not known, and so is an empty word. */
void put_decimal(FILE *out, uint64_t value);
void put_hex(FILE *out, uint64_t value);
void put_word(FILE *out, const char *word);    /* plain ASCII */
void put_text(FILE *out, const char *text);    /* field_text() reads it */
void put_escaped(FILE *out, const char *text); /* field_escaped() reads it; an empty one is not known, too */

/* The number that `length` digits stand for, up to something that is no digit. False if they are anything else, or stand for
 * more than 64 bits. */
bool digits_decimal(char *digits, size_t length, uint64_t *value);
bool digits_hex(char *digits, size_t length, uint64_t *value);

#endif
