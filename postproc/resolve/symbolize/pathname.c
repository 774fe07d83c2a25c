/* SPDX-License-Identifier: Apache-2.0 */
/* pathname.c - see pathname.h. */
#include "resolve/symbolize/pathname.h"

#include <libiberty/libiberty.h>
#include <libiberty/safe-ctype.h>
#include <string.h>

/* Where the bracket at `open` is closed, or `end`. The `>` of `->` closes nothing. */
static const char *closing(const char *open, const char *end)
{
	size_t depth = 0;

	for (const char *at = open; at < end; at++) {
		if (*at == '<')
			depth++;
		else if (*at == '>' && at[-1] != '-' && --depth == 0)
			return at;
	}
	return end;
}

/* Does a list of generic arguments begin at `at`? `<impl Trait for Type>` is part of the path instead. */
static bool begins_list(const char *start, const char *at)
{
	char before = at > start ? at[-1] : 0;

	return *at == '<' && (ISIDNUM(before) || before == '}' || before == ':') &&
	       strncmp(at, "<impl ", 6) != 0;
}

char *pathname_bare(const char *function)
{
	size_t length = strlen(function), kept = 0;
	const char *end = function + length;
	char *bare = xmalloc(length + 1);

	for (const char *at = function; at < end; at++) {
		if (begins_list(function, at)) {
			const char *close = closing(at, end);

			if (close < end) {
				kept -= at > function + 1 && at[-1] == ':' && at[-2] == ':' ? 2 : 0;
				at = close;
				continue;
			}
		}
		bare[kept++] = *at;
	}
	bare[kept] = '\0';
	return bare;
}

const char *pathname_dropped(const char *function, size_t *length)
{
	/* drop_glue since Rust 1.96. */
	static const char *const glue[] = {"core::ptr::drop_in_place", "core::ptr::drop_glue",
					   "<alloc::sync::Arc", "<alloc::rc::Rc"};

	for (size_t i = 0; i < ARRAY_SIZE(glue); i++) {
		size_t prefix = strlen(glue[i]);
		const char *at = function + prefix, *end = function + strlen(function);

		if (strncmp(function, glue[i], prefix) != 0)
			continue;
		if (*function == '<' && (end - at < 12 || strcmp(end - 12, ">::drop_slow") != 0))
			return NULL;
		end -= *function == '<' ? 12 : 0;
		at += strncmp(at, "::", 2) == 0 ? 2 : 0;
		if (*at != '<' || closing(at, end) != end - 1)
			return NULL;
		*length = (size_t)(end - at) - 2;
		return at + 1;
	}
	return NULL;
}

bool pathname_is_own(const char *type, size_t length)
{
	static const char *const std_paths[] = {"core::", "alloc::", "std::", "hashbrown::", "dyn "};

	for (size_t i = 0; i < ARRAY_SIZE(std_paths); i++)
		if (strncmp(type, std_paths[i], strlen(std_paths[i])) == 0)
			return false;
	return length > 0 && ISIDST(*type);
}

bool pathname_is_closure(const char *type, size_t length)
{
	static const char wrapper[] = "core::future::from_generator::GenFuture<"; /* before Rust 1.69 */
	size_t prefix = sizeof(wrapper) - 1;

	if (length > prefix && strncmp(type, wrapper, prefix) == 0)
		return pathname_is_closure(type + prefix, length - prefix - 1);
	/* `{async_fn_env#0}<T>` */
	if (length > 0 && type[length - 1] == '>')
		for (size_t i = 1; i + 1 < length; i++)
			if (type[i] == '<' && type[i - 1] == '}' &&
			    closing(type + i, type + length) == type + length - 1)
				return true;
	return length > 0 && type[length - 1] == '}';
}
