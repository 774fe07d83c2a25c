/* SPDX-License-Identifier: Apache-2.0 */
/* stack-words.h - writes the words of a copied stack as event lines. */
#ifndef HUD_STREAM_STACK_WORDS_H
#define HUD_STREAM_STACK_WORDS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* How many chunks so many words of a stack take. */
uint32_t stack_chunks(size_t words);

/* Writes the `words` lines of stack `id`; none for chunks in which all words are 0. */
void stack_words_write(FILE *out, uint64_t id, long tid, const uint64_t *word, size_t count);

#endif
