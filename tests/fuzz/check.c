/* SPDX-License-Identifier: Apache-2.0 */
/* check.c - checks that output is fit to be shown, with the C library instead of the code under test. */
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "fuzz.h"

void check_failed(const char *what, const char *why, const char *text, size_t size)
{
	fprintf(stderr, "%s: %s:\n", what, why);
	fwrite(text, 1, size < 4000 ? size : 4000, stderr);
	fputc('\n', stderr);
	abort();
}

/* Characters that change the direction of writing or join their neighbours (Unicode's bidirectional controls
 * and the like). */
static int turns(wchar_t c)
{
	return c == 0xad || c == 0x61c || (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x2069) || c == 0xfeff;
}

void check_text(const char *what, const char *text, size_t size, int ascii)
{
	mbstate_t state;

	memset(&state, 0, sizeof(state));
	for (size_t at = 0, length; at < size; at += length) {
		wchar_t c;

		length = mbrtowc(&c, text + at, size - at, &state);
		if (length == 0 || length > size - at)
			check_failed(what, "not valid UTF-8", text + at, size - at < 80 ? size - at : 80);
		if ((iswcntrl((wint_t)c) && c != '\n') || turns(c) || (ascii && c > 0x7e))
			check_failed(what, "a character that would be obeyed", text + (at > 40 ? at - 40 : 0),
				     size - at < 80 ? size - at : 80);
	}
}

FILE *open_bytes(const uint8_t *data, size_t size)
{
	static char empty[1];
	/* fmemopen() of zero bytes fails in some versions of glibc. */
	FILE *in = size ? fmemopen((void *)data, size, "r") : fmemopen(empty, 1, "r");

	if (!in)
		abort();
	if (!size)
		fgetc(in);
	return in;
}
