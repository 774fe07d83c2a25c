/* SPDX-License-Identifier: Apache-2.0 */
/* panic-locations.h - the source locations that code without symbols still refers to.
 *
 * Rust code that can panic refers to a core::panic::Location, which strip keeps. These locations tell whose
 * code a function is, and often which function.
 */
#ifndef HUD_RESOLVE_SYMBOLIZE_PANIC_LOCATIONS_H
#define HUD_RESOLVE_SYMBOLIZE_PANIC_LOCATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolve/elf/image.h"

struct module;

/* A core::panic::Location. */
struct location {
	const char *file; /* as passed to the compiler; ends in .rs */
	unsigned line;	  /* 1-based */
};

/* The function at `pc` (address in the target), with the Locations that its code refers to (x86-64 only, a
 * limited number). NULL if there is none. The file is hostile. Owned by the module. */
const struct function *locations_find(struct module *module, uint64_t pc);

/* The nearest function before or `after` this one that has Locations; NULL if none is near. */
const struct function *locations_beside(struct module *module, const struct function *function, bool after);

#endif
