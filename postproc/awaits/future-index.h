/* SPDX-License-Identifier: Apache-2.0 */
/* future-index.h - finds what awaits need in a module's DWARF: polls of tasks, vtables, functions, futures.
 *
 * rustc writes a type into each unit that uses it, so what belongs to a type is found by its whole path, such as
 * "demo::serve::{async_fn_env#0}".
 */
#ifndef HUD_AWAITS_FUTURE_INDEX_H
#define HUD_AWAITS_FUTURE_INDEX_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct future_index;
struct module;

/* Reads all units of the module's debug info once. Never NULL. Texts and entries are valid as long as the
 * module is. Texts that are returned: as long as the index. */
struct future_index *future_index_new(struct module *module);
void future_index_free(struct future_index *index);

/* Was everything read? False if that took too long (resolve/elf/budget.h). */
bool future_index_complete(const struct future_index *index);

/* What there is of Tokio's tasks. Line tables (debug = 1) have functions; the standard library's own debug info, which
 * most programs have, has neither. */
bool future_index_has_types(const struct future_index *index);
bool future_index_has_polls(const struct future_index *index);

/* The functions raw::poll::<T, S> that begin at `address` (in the target): fills in up to `size` entries, and
 * returns how many there are. The linker may merge functions, so there may be several. */
size_t future_index_polls(const struct future_index *index, uint64_t address, Dwarf_Die *polls, size_t size);

/* The functions block_on::<F> of Tokio, one for each name: fills in up to `size` entries, and returns how many there are. */
size_t future_index_block_ons(const struct future_index *index, Dwarf_Die *functions, size_t size);

/* The struct Core<T, S>, which a task's header is followed by, of the function `poll`, which is raw::poll::<T, S>.
 * Returns false if there is none. */
bool future_index_core(const struct future_index *index, Dwarf_Die *poll, Dwarf_Die *core);

/* The type whose vtable is at `address` (in the target). */
bool future_index_vtable(const struct future_index *index, uint64_t address, Dwarf_Die *type);

/* How a type with this path is polled. */
enum { POLLED_AS_FUTURE = 1, POLLED_AS_STREAM = 2 };
unsigned future_index_polled(const struct future_index *index, const char *path);

/* The functions with this path, "demo::serve::{async_fn#0}": fills in up to `size` entries, and returns how many
 * there are. Only functions that are bodies of async functions and blocks are there. */
size_t future_index_bodies(const struct future_index *index, const char *path, Dwarf_Die *bodies,
			   size_t size);

/* The path of the namespace that the entry at `offset` is in, without "::" at its end. Owned by the index. */
const char *future_index_scope(struct future_index *index, uint64_t offset);

/* DW_AT_name. NULL if it has none, and if that is longer than any in an honest program: many entries may share one. */
const char *future_index_name(Dwarf_Die *die);

/* The entry at `offset`. */
bool future_index_entry(const struct future_index *index, uint64_t offset, Dwarf_Die *die);

#endif
