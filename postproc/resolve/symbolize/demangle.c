/* SPDX-License-Identifier: Apache-2.0 */
/* demangle.c - see demangle.h. */
#include "resolve/symbolize/demangle.h"

#include <libiberty/demangle.h>
#include <libiberty/libiberty.h>
#include <libiberty/safe-ctype.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

struct demangling {
	char bytes[NAME_WHOLE_LIMIT];
	size_t length;
	jmp_buf too_long;
};

/* The demanglers expand back references: a few bytes can produce any amount of output, and take any time.
 * longjmp is safe here: with a callback, neither of them owns memory. */
static void collect(const char *bytes, size_t length, void *opaque)
{
	struct demangling *d = opaque;
	size_t room = NAME_WHOLE_LIMIT - 1 - d->length, taken = length < room ? length : room;

	if (taken > 0)
		memcpy(d->bytes + d->length, bytes, taken);
	d->length += taken;
	if (taken < length)
		longjmp(d->too_long, 1);
}

typedef int demangler(const char *, int, demangle_callbackref, void *);

static char *demangle_with(demangler *demangler, const char *symbol)
{
	struct demangling *d = xmalloc(sizeof(*d));
	bool ok = true;

	d->length = 0;
	if (setjmp(d->too_long) == 0)
		ok = demangler(symbol, DMGL_NO_OPTS, collect, d);
	char *name = ok ? xstrndup(d->bytes, d->length) : NULL;
	free(d);
	return name;
}

/* Decodes the escapes of legacy mangling, if the name has no hash by which the demangler recognises Rust. */
static void decode_escapes(char *name)
{
	static const struct {
		const char *code, *character;
	} escapes[] = {{"$LT$", "<"}, {"$GT$", ">"}, {"$RF$", "&"}, {"$BP$", "*"}, {"$LP$", "("},
		       {"$RP$", ")"}, {"$C$", ","},  {"$SP$", "@"}, {"..", "::"}};
	char *to = name;

	for (const char *from = name; *from;) {
		size_t i = 0, count = sizeof(escapes) / sizeof(*escapes), length = 0;
		unsigned char hex = 0;
		for (; i < count; i++)
			if (strncmp(from, escapes[i].code, length = strlen(escapes[i].code)) == 0)
				break;
		if (i < count) {
			memcpy(to, escapes[i].character, strlen(escapes[i].character));
			to += strlen(escapes[i].character);
			from += length;
		} else if (strncmp(from, "$u", 2) == 0 && ISXDIGIT(from[2]) && ISXDIGIT(from[3]) &&
			   from[4] == '$' &&
			   (hex = (unsigned char)strtoul((char[3]){from[2], from[3], 0}, NULL, 16)) >= 0x20 &&
			   hex < 0x7f) {
			*to++ = (char)hex;
			from += 5;
		} else {
			*to++ = *from++;
		}
	}
	*to = 0;
}

/* Where the suffixes of compilers and linkers begin: `.llvm.123`, `.cold`, `.part.0.isra.1`,
 * `@@GLIBC_2.34`. */
static size_t suffix_start(const char *symbol)
{
	static const char *const suffixes[] = {".llvm.", ".cold", ".part.", ".isra.", ".constprop.", "@"};

	for (const char *at = symbol + strcspn(symbol, ".@"); *at; at += 1 + strcspn(at + 1, ".@"))
		for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++)
			if (at > symbol && strncmp(at, suffixes[i], strlen(suffixes[i])) == 0)
				return (size_t)(at - symbol);
	return strlen(symbol);
}

char *demangle(const char *symbol, bool *rust)
{
	size_t length = suffix_start(symbol);
	char *name = xstrndup(symbol, length < NAME_WHOLE_LIMIT ? length : NAME_WHOLE_LIMIT - 1),
	     *demangled = NULL;
	bool is_rust = false;

	if (length < NAME_WHOLE_LIMIT && (strncmp(name, "_ZN", 3) == 0 || strncmp(name, "_R", 2) == 0)) {
		demangled = demangle_with(rust_demangle_callback, name);
		is_rust = demangled != NULL;
	}
	if (!demangled && length < NAME_WHOLE_LIMIT && strncmp(name, "_Z", 2) == 0) {
		demangled = demangle_with(cplus_demangle_v3_callback, name);
		if (demangled && strchr(demangled, '$'))
			decode_escapes(demangled);
	}
	if (rust)
		*rust = is_rust;
	if (!demangled)
		return name;
	free(name);
	return demangled;
}
