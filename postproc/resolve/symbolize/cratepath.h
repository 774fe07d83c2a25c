/* SPDX-License-Identifier: Apache-2.0 */
/* cratepath.h - tells by a source path whether it belongs to the standard library, or to a crate that
 * somebody else wrote.
 *
 * Has one table of the folders where cargo, distributions and other build systems keep crates.
 */
#ifndef HUD_RESOLVE_SYMBOLIZE_CRATEPATH_H
#define HUD_RESOLVE_SYMBOLIZE_CRATEPATH_H

#include <stdbool.h>
#include <stddef.h>

/* The crate of this path: `*length` bytes of it. The part of the path that is worth showing begins there,
 * too. NULL for other folders. */
const char *cratepath_crate(const char *path, size_t *length);

/* The next folder at or after `path` that is named as a crate with a version: "tokio-1.43.1/src/lib.rs";
 * *length counts the crate's name only. NULL if there is none. The user's own program may have such a folder,
 * too. */
const char *cratepath_versioned(const char *path, size_t *length);

/* Is it a source of the standard library, or of a crate that it is built with? */
bool cratepath_is_std(const char *path);

/* Parts of paths that come before a crate's name, to look for in a program's constants; NULL past the
 * last. */
const char *cratepath_mark(size_t index);

#endif
