/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz-names.c - symbols, which may be anything. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "resolve/symbolize/demangle.h"
#include "resolve/symbolize/mangling.h"
#include "resolve/symbolize/names.h"

void fuzz_names(const uint8_t *data, size_t size)
{
	char *symbol = malloc(size + 1);
	size_t length;
	bool rust;

	if (!symbol)
		abort();
	memcpy(symbol, data, size);
	symbol[size] = 0;
	char *whole = demangle(symbol, &rust), *display = name_display(whole);
	const char *part = name_arguments(whole, &length);

	if (strlen(whole) > NAME_WHOLE_LIMIT || strlen(display) > NAME_LIMIT)
		check_failed("name", "too long", display, strlen(display));
	if (part && (part < whole || part + length > whole + strlen(whole)))
		check_failed("generic arguments", "not in the name", whole, strlen(whole));
	if (part)
		free(name_future(part, length));
	part = name_polled(whole, &length);
	if (part && (part < whole || part + length > whole + strlen(whole)))
		check_failed("polled type", "not in the name", whole, strlen(whole));
	if (part)
		free(name_future(part, length));
	part = name_generics(symbol, &length);
	if (part && (part < symbol || part + length > symbol + size))
		check_failed("DWARF's generic arguments", "not in the name", symbol, size);
	part = mangling_crate(symbol, &length);
	if (part && (part < symbol || part + length > symbol + size))
		check_failed("crate", "not in the symbol", symbol, size);
	free(name_cut(whole));
	free(display);
	free(symbol);
}
