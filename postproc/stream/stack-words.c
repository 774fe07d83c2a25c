/* SPDX-License-Identifier: Apache-2.0 */
/* stack-words.c - see stack-words.h. */
#include "stream/stack-words.h"

#include "stream/event.h"

uint32_t stack_chunks(size_t words)
{
	return (uint32_t)((words + WORDS_PER_LINE - 1) / WORDS_PER_LINE);
}

void stack_words_write(FILE *out, uint64_t id, long tid, const uint64_t *word, size_t count)
{
	for (size_t i = 0; i < count; i += WORDS_PER_LINE) {
		size_t words = count - i < WORDS_PER_LINE ? count - i : WORDS_PER_LINE;
		struct event e = {.kind = EVENT_WORDS,
				  .stack = id,
				  .tid = tid,
				  .chunk = (uint32_t)(i / WORDS_PER_LINE)};
		uint64_t any = 0;

		for (size_t j = 0; j < words; j++)
			any |= e.word[j] = word[i + j];
		if (any)
			event_write(out, &e);
	}
}
