/* SPDX-License-Identifier: Apache-2.0 */
/* demangle.h - from mangled symbols to whole names. */
#ifndef HUD_RESOLVE_SYMBOLIZE_DEMANGLE_H
#define HUD_RESOLVE_SYMBOLIZE_DEMANGLE_H

#include <stdbool.h>

/* The most that demangle() returns: a hostile v0 name could expand to gigabytes. */
#define NAME_WHOLE_LIMIT 16384

/* The whole name of a symbol. Demangles Rust (legacy and v0, without the hash) and C++; leaves other names as
 * they are. Drops suffixes of compilers and linkers (`.llvm.N`, `.cold`, `.part.0`, `@@VERSION`). `*rust`
 * (may be NULL): was it Rust? Never fails, whatever the bytes. Returns at most NAME_WHOLE_LIMIT bytes, which
 * the caller frees. */
char *demangle(const char *symbol, bool *rust);

#endif
