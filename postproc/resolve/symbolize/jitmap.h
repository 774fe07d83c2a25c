/* jitmap.h - the names of code that a program made while it ran, as it wrote them to /tmp/perf-PID.map.
 *
 * The format is perf's (tools/perf/Documentation/jit-interface.txt in Linux): lines of START SIZE NAME, both numbers in hexadecimal.
 * Node, deno, Java, .NET, LuaJIT and wasmtime write it when they are asked to. All in it is hostile.
 */
#ifndef HUD_RESOLVE_SYMBOLIZE_JITMAP_H
#define HUD_RESOLVE_SYMBOLIZE_JITMAP_H

#include <stdint.h>

struct jitmap;

/* That of the live process `pid`; 0: of none, so that nothing is found. Exits the program when out of memory. */
struct jitmap *jitmap_new(long pid);
void jitmap_free(struct jitmap *jitmap);

/* The name of the function at `pc`, as the program wrote it, or NULL. *start is where it begins. The file is read when it is first
 * needed, and again, once a second at most, when it has grown and does not know `pc` yet. Owned by jitmap, until the next call. */
const char *jitmap_find(struct jitmap *jitmap, uint64_t pc, uint64_t *start);

#endif
