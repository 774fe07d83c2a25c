/* callsites.h - addresses that are the same function at the same line, told as one.
 *
 * A loop has many addresses, and so has each call in it: told apart by address there is no end of stacks in a long trace, told
 * apart by line they are as many as a reader would count. Where no line is known, it is the function alone that tells.
 */
#ifndef HUD_CALLSITES_H
#define HUD_CALLSITES_H

#include <stdbool.h>

#include "symbolize.h"

struct callsites;

/* Exits the program when out of memory. */
struct callsites *callsites_new(void);
void callsites_free(struct callsites *callsites);

/* Of all frames given so far that are the same functions at the same lines, inlined ones included, those that were given first: their
 * addresses stand for the others. Nothing is copied: what is given must outlive the call sites. */
const struct frames *callsites_first(struct callsites *callsites, const struct frames *frames);

/* Are two frames the same function at the same line? Where there is no name, they have to be the same address. */
bool callsites_same(const struct frame *a, const struct frame *b);

#endif
