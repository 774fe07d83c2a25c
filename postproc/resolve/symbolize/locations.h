/* locations.h - the source places that code without symbols still refers to.
 *
 * Rust code that can panic passes a core::panic::Location, which stays in the file when its symbols are stripped: what a
 * function refers to tells whose code it is, and often which function.
 */
#ifndef HUD_RESOLVE_SYMBOLIZE_LOCATIONS_H
#define HUD_RESOLVE_SYMBOLIZE_LOCATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolve/elf/image.h"

struct module;

/* One core::panic::Location. */
struct location {
	const char *file; /* as the compiler was given it: ends in .rs */
	unsigned line;	  /* 1-based */
};

/* The function at `pc` (target's space), with the Locations that its code refers to; those only on x86-64, and a bounded
 * number. NULL if nothing covers it. What the file holds may be anything. Owned by the module. */
const struct function *locations_find(struct module *module, uint64_t pc);

/* The nearest function before or `after` this one that has Locations; NULL if there is none near. */
const struct function *locations_beside(struct module *module, const struct function *function, bool after);

#endif
