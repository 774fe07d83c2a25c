/* SPDX-License-Identifier: Apache-2.0 */
#include "resolve/symbolize/mangling.h"

#include <libiberty/safe-ctype.h>
#include <stdbool.h>
#include <string.h>

#define HOPS_LIMIT 64		       /* back references followed: they may form a cycle */
#define NUMBER_LIMIT ((size_t)1 << 24) /* no position or length in a symbol is larger */

/* Reads a base-62 number: digits, lower case, upper case, then `_`; "_" is 0, "0_" is 1. */
static bool read_base62(const char **at, size_t *value)
{
	size_t number = 0;
	const char *from = *at;

	for (; **at != '_'; (*at)++) {
		char c = **at;
		size_t digit = ISDIGIT(c)   ? (size_t)(c - '0')
			       : ISLOWER(c) ? (size_t)(c - 'a') + 10
					    : (size_t)(c - 'A') + 36;
		if (!ISALNUM(c) || number > NUMBER_LIMIT)
			return false;
		number = number * 62 + digit;
	}
	*value = *at > from ? number + 1 : 0;
	(*at)++;
	return true;
}

static bool skip_disambiguator(const char **at)
{
	if (**at != 's')
		return true;
	do /* a number, as large as a hash */
		(*at)++;
	while (ISALNUM(**at));
	return *(*at)++ == '_';
}

const char *mangling_crate(const char *symbol, size_t *length)
{
	if (strncmp(symbol, "_R", 2) != 0)
		return NULL;
	const char *start = symbol + 2, *at = start;
	while (ISDIGIT(*at)) /* the version */
		at++;
	/* From the path towards its root. Skips what precedes the parent path; what follows it is not
	 * needed. */
	for (unsigned hops = 0;;) {
		size_t position;
		const char *here = at;
		switch (*at++) {
		case 'N': /* a name in a namespace, which is a letter */
			if (!ISALPHA(*at))
				return NULL;
			at++;
			break;
		case 'I': /* generic arguments */
			break;
		case 'M': /* impl Type */
		case 'X': /* impl Trait for Type */
			if (!skip_disambiguator(&at))
				return NULL;
			break;
		case 'B': /* a back reference */
			if (++hops > HOPS_LIMIT || !read_base62(&at, &position) ||
			    position >= (size_t)(here - start))
				return NULL;
			at = start + position;
			break;
		case 'C': /* a crate */
			if (!skip_disambiguator(&at) || !ISDIGIT(*at))
				return NULL;
			*length = 0;
			while (ISDIGIT(*at) && *length < NUMBER_LIMIT)
				*length = *length * 10 + (size_t)(*at++ - '0');
			at += *at == '_';
			return *length > 0 && memchr(at, 0, *length) == NULL ? at : NULL;
		default:
			return NULL;
		}
	}
}
