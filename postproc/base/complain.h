/* complain.h - messages on standard error, which may hold names that somebody else has chosen. */
#ifndef HUD_BASE_COMPLAIN_H
#define HUD_BASE_COMPLAIN_H

#include <libiberty/ansidecl.h>

/* As fprintf(stderr, ...), but nothing in it is obeyed by a terminal: what is not printable ASCII comes out as \xNN, except ends of lines. */
void complain(const char *format, ...) ATTRIBUTE_PRINTF(1, 2);

#endif
