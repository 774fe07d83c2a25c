/* SPDX-License-Identifier: Apache-2.0 */
/* crates.h - finds the crates that an executable was built from, without debug info.
 *
 * Code that can panic refers to its source path, also in release builds, and strip keeps these: paths of
 * crates from a registry have the crate's name.
 */
#ifndef HUD_RESOLVE_SYMBOLIZE_CRATES_H
#define HUD_RESOLVE_SYMBOLIZE_CRATES_H

#include <stdbool.h>
#include <stddef.h>

struct crates;
struct module;

/* The crates that the module's constants name; empty if it cannot be read. Leaves out the crate that the file
 * is named after, because `cargo install` builds programs in the registry's folder. The caller frees it. */
struct crates *crates_read(const struct module *module);
void crates_free(struct crates *crates);

/* Is this crate (`length` bytes; `-` and `_` are the same) among them? */
bool crates_have(const struct crates *crates, const char *name, size_t length);

#endif
