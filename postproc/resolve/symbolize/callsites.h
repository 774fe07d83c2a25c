/* callsites.h - addresses that are the same function at the same line, told as one.
 *
 * A loop has many addresses, and so has each call in it: told apart by address there is no end of stacks in a long trace, told
 * apart by line they are as many as a reader would count. Where no line is known, it is the function alone that tells.
 */
#ifndef HUD_RESOLVE_SYMBOLIZE_CALLSITES_H
#define HUD_RESOLVE_SYMBOLIZE_CALLSITES_H

#include <stddef.h>

#include "resolve/symbolize/frame.h"

struct callsites;

/* Exits the program when out of memory. */
struct callsites *callsites_new(void);
void callsites_free(struct callsites *callsites);

/* Puts, in the place of a stack's frames, leaf first, those that were given first of all that are the same: the same function at the
 * same line, or without a name the same address, with the same ones inlined into it. Their addresses stand for the others. Frames are
 * not copied: what is given must outlive the call sites. */
void callsites_unify(struct callsites *callsites, const struct frame **frame, size_t count);

#endif
