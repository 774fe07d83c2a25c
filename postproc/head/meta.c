/* SPDX-License-Identifier: Apache-2.0 */
/* meta.c - see meta.h. */
#include "head/meta.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/escape.h"
#include "stream/event.h"

void head_meta(FILE *out, const char *key, const char *value)
{
	event_write(out, &(struct event){.kind = EVENT_META, .key = key, .text = value});
}

void head_metaf(FILE *out, const char *key, const char *format, ...)
{
	va_list args;
	char *value;

	va_start(args, format);
	value = text_vformat(format, args);
	va_end(args);
	head_meta(out, key, value);
	free(value);
}
