/* SPDX-License-Identifier: Apache-2.0 */
/* framepointers.h - does a module's code keep frame pointers? Its call frame information tells. */
#ifndef HUD_RESOLVE_UNWIND_FRAMEPOINTERS_H
#define HUD_RESOLVE_UNWIND_FRAMEPOINTERS_H

#include <stdbool.h>

struct module;

/* True if (nearly) all functions that are long enough to call others keep the frame pointer: in the middle of
 * each, CFI computes the CFA from that register. Checks a limited number of functions. False without call
 * frame information. */
bool keeps_frame_pointers(const struct module *module);

#endif
