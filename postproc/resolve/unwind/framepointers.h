/* framepointers.h - does a module's code keep frame pointers? Decided from its call frame information. */
#ifndef HUD_RESOLVE_UNWIND_FRAMEPOINTERS_H
#define HUD_RESOLVE_UNWIND_FRAMEPOINTERS_H

#include <stdbool.h>

struct module;

/* True if (nearly) every function of the module that is long enough to call others keeps the frame pointer: in the middle
 * of it the call frame is found through that register. Looks at a bounded number of functions. False if there is no
 * call frame information to tell by. */
bool keeps_frame_pointers(const struct module *module);

#endif
