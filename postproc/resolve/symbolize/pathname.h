/* pathname.h - what a function's whole name says, apart from the types that it was made for. */
#ifndef HUD_RESOLVE_SYMBOLIZE_PATHNAME_H
#define HUD_RESOLVE_SYMBOLIZE_PATHNAME_H

#include <stdbool.h>
#include <stddef.h>

/* The whole name without lists of generic arguments: `<a::Core>::poll` of "<a::Core<b::Task, S>>::poll", `a::drop` of
 * "a::drop::<b::Task>". What a function was made for says nothing of what it does. The caller frees it. */
char *pathname_bare(const char *function);

/* The type whose values this function drops, if the compiler made it for that: "app::Cache" of
 * "core::ptr::drop_in_place<app::Cache>", not terminated: `*length` bytes. NULL for any other function. */
const char *pathname_dropped(const char *function, size_t *length);

/* Is this a type with a path of its own, not one of std's or a tuple, array or pointer? */
bool pathname_is_own(const char *type, size_t length);

/* Is this the type of an async function or block, or of a closure? */
bool pathname_is_closure(const char *type, size_t length);

#endif
