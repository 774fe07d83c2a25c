/* SPDX-License-Identifier: Apache-2.0 */
/* dropglue.h - finds whose value a function of std drops when the calling code does not say.
 *
 * A future drops its contents in each of its states. The compiler merges equal calls, and the function that
 * drops a user's type gets lost: the future itself seems to call the map's drop. But the function of the type
 * still exists, and makes the same call.
 */
#ifndef HUD_RESOLVE_SYMBOLIZE_DROPGLUE_H
#define HUD_RESOLVE_SYMBOLIZE_DROPGLUE_H

#include <stdint.h>

struct module;

/* The mangled name of the compiler-made function that drops values of one user-defined type and makes the
 * same call as the one at or before `pc` (address in the target, return address - 1). NULL if there is no
 * such function, more than one, or no call. x86-64 only. Owned by the module. */
const char *dropglue_at(struct module *module, uint64_t pc);

#endif
