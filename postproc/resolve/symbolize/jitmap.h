/* SPDX-License-Identifier: Apache-2.0 */
/* jitmap.h - names of code that the program generated, from /tmp/perf-PID.map.
 *
 * The format is perf's (tools/perf/Documentation/jit-interface.txt in Linux): lines of START SIZE NAME, in
 * hexadecimal. Node, deno, Java, .NET, LuaJIT and wasmtime can write it. The file is hostile.
 */
#ifndef HUD_RESOLVE_SYMBOLIZE_JITMAP_H
#define HUD_RESOLVE_SYMBOLIZE_JITMAP_H

#include <stdint.h>

struct jitmap;

/* The map of the live process `pid`; 0: an empty one. Exits the program when out of memory. */
struct jitmap *jitmap_new(long pid);
void jitmap_free(struct jitmap *jitmap);

/* The name of the function at `pc` as the program wrote it, or NULL. *start is where it begins. Reads the
 * file on first use, and again, at most once a second, when it has grown and `pc` is not known. Owned by the
 * map, valid until the next call. */
const char *jitmap_find(struct jitmap *jitmap, uint64_t pc, uint64_t *start);

#endif
