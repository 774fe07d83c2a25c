/* names.h - from whole demangled names (demangle.h) to the names people use. */
#ifndef HUD_RESOLVE_SYMBOLIZE_NAMES_H
#define HUD_RESOLVE_SYMBOLIZE_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* The longest name these functions return, in bytes: longer ones lose their middle. */
#define NAME_LIMIT 1024

/* A hash of a name, for hash tables. Names are long, and htab_hash_string() takes a byte at a time. */
unsigned name_hash(const void *name);

/* Are two names the same? NULL is the same as NULL only. */
bool name_same(const char *a, const char *b);

/* The name people use for the function that `demangle` gave: closures and async blocks are the function
 * they are written in, `<impl Trait for Type>` is `<Type as Trait>`, a function's own generic arguments
 * (`::<T>`), those of the type it is a method of, and mere names of parameters go; traits and types in generic
 * arguments keep the last segment of their paths, what is nested deeper than two levels is `..`, and a list that
 * is still long goes. What the compiler made to drop values of a type is `drop of Type`. At most NAME_LIMIT bytes. The caller frees it. */
char *name_display(const char *function);

/* Cuts the middle out of a name of more than NAME_LIMIT bytes, in place. Returns `name`. */
char *name_cut(char *name);

/* The name people use for the future that a list of generic arguments (`length` bytes) begins with:
 * `demo::serve` of "demo::serve::{async_fn_env#0}, alloc::sync::Arc<Handle>"; boxes and other wrappers are
 * taken off; of several async blocks of one function all but the first have "#N" behind it. NULL if the list does not tell: a trait object, or the mere name of a parameter. At most
 * NAME_LIMIT bytes. The caller frees it. */
char *name_future(const char *types, size_t length);

/* The type in the whole name of a future's poll: "demo::Conn" of "<demo::Conn as core::future::future::Future>
 * ::poll", not terminated: `*length` bytes. NULL if it is the name of anything else. */
const char *name_polled(const char *function, size_t *length);

/* The generic arguments in a function's whole name, which has them in v0 mangling: "T, S" of "a::poll::<T, S>"
 * and of "<a::Core<T, S>>::poll", not terminated: `*length` bytes. NULL if there are none. */
const char *name_arguments(const char *function, size_t *length);

/* The generic arguments at the end of DW_AT_name: "T, S" of "poll<T, S>", not terminated: `*length` bytes.
 * NULL if there are none. */
const char *name_generics(const char *dwarf_name, size_t *length);

#endif
