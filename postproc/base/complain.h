/* SPDX-License-Identifier: Apache-2.0 */
/* complain.h - messages on standard error. They may hold names that the target chose. */
#ifndef HUD_BASE_COMPLAIN_H
#define HUD_BASE_COMPLAIN_H

#include <libiberty/ansidecl.h>

/* As fprintf(stderr, ...), but safe for a terminal: except for newlines, everything that is not printable
 * ASCII is written as \xNN. */
void complain(const char *format, ...) ATTRIBUTE_PRINTF(1, 2);

#endif
