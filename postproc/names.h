/* names.h - from mangled symbols to the names people use. */
#ifndef HUD_NAMES_H
#define HUD_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* The longest name these functions return, in bytes: longer ones lose their middle. */
#define NAME_LIMIT 1024

/* The whole name of a symbol: Rust (legacy and v0) and C++ names demangled without their hash, anything
 * else as it is; the compiler's and linker's suffixes (`.llvm.N`, `.cold`, `.part.0`, `@@VERSION`) dropped.
 * `*rust` (may be NULL) says whether it was a Rust name. Never fails, whatever the bytes; at most
 * NAME_WHOLE_LIMIT bytes. The caller frees it. */
char *name_demangle(const char *symbol, bool *rust);

/* The most that name_demangle returns: a hostile v0 name can ask for gigabytes. */
#define NAME_WHOLE_LIMIT 16384

/* The name people use for the function that `name_demangle` gave: closures and async blocks are the function
 * they are written in, `<impl Trait for Type>` is `<Type as Trait>`, a function's own generic arguments
 * (`::<T>`) go, traits and types' generic arguments keep the last segment of their paths, and what is nested
 * deeper than two levels is `_`. At most NAME_LIMIT bytes. The caller frees it. */
char *name_display(const char *function);

/* Cuts the middle out of a name of more than NAME_LIMIT bytes, in place. Returns `name`. */
char *name_cut(char *name);

/* The generic arguments at the end of DW_AT_name: "T, S" of "poll<T, S>", not terminated: `*length` bytes.
 * NULL if there are none. */
const char *name_generics(const char *dwarf_name, size_t *length);

#endif
