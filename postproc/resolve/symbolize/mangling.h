/* SPDX-License-Identifier: Apache-2.0 */
/* mangling.h - what a Rust symbol tells but its demangled name does not. */
#ifndef HUD_RESOLVE_SYMBOLIZE_MANGLING_H
#define HUD_RESOLVE_SYMBOLIZE_MANGLING_H

#include <stddef.h>

/* The crate where a function is written: `*length` bytes within `symbol`, a v0 name (RFC 2603). The demangled
 * name of a method only has its type: `<[demo::Item]>::to_vec`, `<&demo::Item as Debug>::fmt`; the symbol
 * also has the crate of the `impl`. NULL for other names, and for methods that a trait itself provides, which
 * have no `impl`. */
const char *mangling_crate(const char *symbol, size_t *length);

#endif
