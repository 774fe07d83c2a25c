/* SPDX-License-Identifier: Apache-2.0 */
/* pathname.h - what a function's whole name says, apart from its generic arguments. */
#ifndef HUD_RESOLVE_SYMBOLIZE_PATHNAME_H
#define HUD_RESOLVE_SYMBOLIZE_PATHNAME_H

#include <stdbool.h>
#include <stddef.h>

/* The whole name without generic arguments: `<a::Core>::poll` for "<a::Core<b::Task, S>>::poll", `a::drop`
 * for "a::drop::<b::Task>". The arguments say nothing about what it does. The caller frees it. */
char *pathname_bare(const char *function);

/* The type whose values a compiler-made function drops: "app::Cache" in
 * "core::ptr::drop_in_place<app::Cache>"; `*length` bytes, not terminated. NULL for other functions. */
const char *pathname_dropped(const char *function, size_t *length);

/* Does this type have a path of its own, outside std, and is no tuple, array or pointer? */
bool pathname_is_own(const char *type, size_t length);

/* Is this the type of an async function or block, or of a closure? */
bool pathname_is_closure(const char *type, size_t length);

#endif
