/* SPDX-License-Identifier: Apache-2.0 */
/* complain.c - see complain.h. */
#include "base/complain.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"

void complain(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	char *text = text_vformat(format, arguments), *rest = text, *line;

	va_end(arguments);
	while ((line = strsep(&rest, "\n"))) {
		char *safe = escape_terminal(line, false);

		fprintf(stderr, "%s%s", safe, rest ? "\n" : "");
		free(safe);
	}
	free(text);
}
