/* crates.h - the crates of others that an executable was built from, without debug info.
 *
 * rustc leaves the source paths of panics in the code that can panic, also in a release build, and strip keeps
 * them: the paths of crates from a registry have their names.
 */
#ifndef HUD_RESOLVE_SYMBOLIZE_CRATES_H
#define HUD_RESOLVE_SYMBOLIZE_CRATES_H

#include <stdbool.h>
#include <stddef.h>

struct crates;
struct module;

/* The crates that the module's constants name; an empty set if it cannot be read. Not the one that the file is
 * named after: `cargo install` builds programs in the registry's folder. The caller frees it. */
struct crates *crates_read(const struct module *module);
void crates_free(struct crates *crates);

/* Is this crate's name (`length` bytes, `-` and `_` are the same) among them? */
bool crates_have(const struct crates *crates, const char *name, size_t length);

#endif
