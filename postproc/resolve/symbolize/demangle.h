/* demangle.h - from mangled symbols to whole names. */
#ifndef HUD_RESOLVE_SYMBOLIZE_DEMANGLE_H
#define HUD_RESOLVE_SYMBOLIZE_DEMANGLE_H

#include <stdbool.h>

/* The most that demangle() returns: a hostile v0 name can ask for gigabytes. */
#define NAME_WHOLE_LIMIT 16384

/* The whole name of a symbol: Rust (legacy and v0) and C++ names demangled without their hash, anything
 * else as it is; the compiler's and linker's suffixes (`.llvm.N`, `.cold`, `.part.0`, `@@VERSION`) dropped.
 * `*rust` (may be NULL) says whether it was a Rust name. Never fails, whatever the bytes; at most
 * NAME_WHOLE_LIMIT bytes. The caller frees it. */
char *demangle(const char *symbol, bool *rust);

#endif
