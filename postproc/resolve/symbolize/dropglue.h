/* dropglue.h - whose value a function of std drops, where the code that called it does not say.
 *
 * A future drops what it holds in each of its states. The compiler makes one call of those that are alike, and with that the function that
 * drops a value of the user's type is lost: what calls the map's drop is the future itself. But the type's own function is still there,
 * and calls the same.
 */
#ifndef HUD_RESOLVE_SYMBOLIZE_DROPGLUE_H
#define HUD_RESOLVE_SYMBOLIZE_DROPGLUE_H

#include <stdint.h>

struct module;

/* The mangled name of the function that the compiler made to drop values of one type of somebody's own, and which calls what the call
 * before or at `pc` (target's space, a return address less one) does. NULL if there is none, or several, or no such call. x86-64 only.
 * Owned by the module. */
const char *dropglue_at(struct module *module, uint64_t pc);

#endif
