/* SPDX-License-Identifier: Apache-2.0 */
/* merge-callsites.h - treats addresses of one function and line as one.
 *
 * A loop has many addresses, and so has each call in it. By address, a long trace has endless different
 * stacks; by line, it has as many as a reader would count. Where the line is not known, the function alone
 * counts.
 */
#ifndef HUD_RESOLVE_SYMBOLIZE_MERGE_CALLSITES_H
#define HUD_RESOLVE_SYMBOLIZE_MERGE_CALLSITES_H

#include <stddef.h>

#include "resolve/symbolize/frame.h"

struct callsites;

/* Exits the program when out of memory. */
struct callsites *callsites_new(void);
void callsites_free(struct callsites *callsites);

/* Replaces a stack's frames, leaf first, by the first equal ones that were passed: the same function at the
 * same line (without a name: at the same address), with the same functions inlined. So one address stands for
 * all. Frames are not copied: they must outlive the call sites. */
void callsites_unify(struct callsites *callsites, const struct frame **frame, size_t count);

#endif
