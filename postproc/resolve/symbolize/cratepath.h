/* cratepath.h - whose sources lie at a path: the standard library's, or a crate's that somebody else wrote.
 *
 * One table of the folders in which cargo, distributions and other build systems keep the crates that they build with.
 */
#ifndef HUD_RESOLVE_SYMBOLIZE_CRATEPATH_H
#define HUD_RESOLVE_SYMBOLIZE_CRATEPATH_H

#include <stdbool.h>
#include <stddef.h>

/* The crate at this path: `*length` bytes of it, where also begins what is worth showing of the path. NULL if the folder is not one of
 * those. */
const char *cratepath_crate(const char *path, size_t *length);

/* The next folder of the path that is named as a crate with its version, at or after `path`: "tokio-1.43.1/src/lib.rs"; *length is of
 * the crate's name alone. NULL if there is none. Such a folder may also be that of the user's own program. */
const char *cratepath_versioned(const char *path, size_t *length);

/* Is it a source of the standard library, or of a crate that this is built with? */
bool cratepath_is_std(const char *path);

/* Parts of paths that have a crate behind them, to look for in a program's constants; NULL at the end of them. */
const char *cratepath_mark(size_t index);

#endif
