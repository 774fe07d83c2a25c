/* mangling.h - what a Rust symbol tells that its demangled name does not. */
#ifndef HUD_RESOLVE_SYMBOLIZE_MANGLING_H
#define HUD_RESOLVE_SYMBOLIZE_MANGLING_H

#include <stddef.h>

/* The crate whose source a function is in: `*length` bytes within `symbol`, a v0 name (RFC 2603). The demangled
 * name of a method says whose type it is for, `<[demo::Item]>::to_vec`, `<&demo::Item as Debug>::fmt`; the mangled
 * one also where the `impl` is written. NULL if it is no v0 name, or the name of a trait's own method, which has
 * no `impl`. */
const char *mangling_crate(const char *symbol, size_t *length);

#endif
