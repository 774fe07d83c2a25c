/* SPDX-License-Identifier: Apache-2.0 */
/* names.h - from whole demangled names (demangle.h) to the names people use. */
#ifndef HUD_RESOLVE_SYMBOLIZE_NAMES_H
#define HUD_RESOLVE_SYMBOLIZE_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* The longest name these functions return, in bytes; longer names lose their middle. */
#define NAME_LIMIT 1024

/* A hash of a name. Names are long, and htab_hash_string() handles one byte at a time. */
unsigned name_hash(const void *name);

/* Are two names equal? NULL only equals NULL. */
bool name_same(const char *a, const char *b);

/* The display name of a function, from its demangled name. Closures and async blocks become the function they
 * are written in, and `<impl Trait for Type>` becomes `<Type as Trait>`. Generic arguments of the function
 * (`::<T>`) and of its type are dropped, and so are names of parameters. In other generic arguments, types
 * and traits keep only the last segment of their path; beyond two levels they become `..`, and a list that is
 * still long is dropped. A function that the compiler made to drop values of a type is `drop of Type`. At
 * most NAME_LIMIT bytes. The caller frees it. */
char *name_display(const char *function);

/* Shortens a name to NAME_LIMIT bytes, in place, by cutting its middle. Returns `name`. */
char *name_cut(char *name);

/* The display name of the future that a list of generic arguments (`length` bytes) begins with: `demo::serve`
 * for "demo::serve::{async_fn_env#0}, alloc::sync::Arc<Handle>". Boxes and other wrappers are dropped; the
 * second async block of a function and later ones get "#N". NULL if the list does not tell: a trait object,
 * or a parameter's name. At most NAME_LIMIT bytes. The caller frees it. */
char *name_future(const char *types, size_t length);

/* The type in the name of a future's poll: "demo::Conn" in "<demo::Conn as
 * core::future::future::Future>::poll"; `*length` bytes, not terminated. NULL for other names. */
const char *name_polled(const char *function, size_t *length);

/* The generic arguments in a function's whole v0 name: "T, S" in "a::poll::<T, S>" and in "<a::Core<T,
 * S>>::poll"; `*length` bytes, not terminated. NULL if there are none. */
const char *name_arguments(const char *function, size_t *length);

/* The generic arguments at the end of DW_AT_name: "T, S" in "poll<T, S>"; `*length` bytes, not terminated.
 * NULL if there are none. */
const char *name_generics(const char *dwarf_name, size_t *length);

#endif
