/* SPDX-License-Identifier: Apache-2.0 */
/* cratepath.c - see cratepath.h. */
#include "resolve/symbolize/cratepath.h"

#include <string.h>

#include <libiberty/libiberty.h>
#include <libiberty/safe-ctype.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* What follows the marker. */
enum form {
	FORM_CRATE,	 /* NAME or NAME-VERSION */
	FORM_FOLDER,	 /* the same, in a folder that may also hold the program's own code */
	FORM_BELOW,	 /* any folder, then NAME or NAME-VERSION */
	FORM_CHECKOUT,	 /* NAME-HASH/REVISION, where NAME is the repository's */
	FORM_REPOSITORY, /* Bazel's: RULES__NAME-VERSION, RULES__NAME__1_2_3 */
};

static const struct layout {
	const char *mark; /* begins and ends with a slash, or begins inside a folder's name */
	enum form form;
} layouts[] = {
	/* cargo: its registry, `cargo vendor`, git dependencies */
	{"/registry/src/", FORM_BELOW},
	{"/git/checkouts/", FORM_CHECKOUT},
	/* Debian (dh-cargo, debcargo) and Fedora: crates for building programs */
	{"/cargo/registry/", FORM_CRATE},
	{"/cargo_registry/", FORM_CRATE},
	{"/rust-vendor/", FORM_CRATE},
	{"/rust_vendor/", FORM_CRATE},
	/* Nix: importCargoLock and fetchCargoTarball of nixpkgs, and crane */
	{"/cargo-vendor-dir/", FORM_CRATE},
	{"-cargo-vendor-dir/", FORM_CRATE},
	{"-vendor-cargo-deps/", FORM_BELOW},
	{"-vendor.tar.gz/", FORM_CRATE},
	{"-vendor/", FORM_FOLDER},
	/* Yocto, Gentoo, FreeBSD, OpenBSD, Guix */
	{"/cargo_home/bitbake/", FORM_CRATE},
	{"/cargo_home/gentoo/", FORM_CRATE},
	{"/cargo-crates/", FORM_CRATE},
	{"/modcargo-crates/", FORM_CRATE},
	{"/guix-vendor/", FORM_CRATE},
	/* Bazel: rules_rust, cargo-raze */
	{"/external/", FORM_REPOSITORY},
	/* Android, Mozilla, Chromium; Buck and others `vendor` below third-party */
	{"/android-crates-io/crates/", FORM_CRATE},
	{"/external/rust/crates/", FORM_CRATE},
	{"/vendor/", FORM_FOLDER},
	{"/third_party/rust/", FORM_FOLDER},
};

/* The length of "tokio" in "tokio-1.43.1/src/lib.rs"; of the whole component if it has no version. */
static size_t name_length(const char *component)
{
	size_t length = strcspn(component, "/");

	for (size_t i = 1; i < length; i++) {
		size_t k = i + 1;

		while (k < length && ISDIGIT(component[k]))
			k++;
		if (component[i] == '-' && k > i + 1 && k < length && component[k] == '.')
			return i;
	}
	return length;
}

/* What follows `mark` in the path, or at its start where a path is relative; NULL if it is not there. */
static const char *after(const char *path, const char *mark)
{
	size_t length = strlen(mark);
	const char *found = NULL;

	if (mark[0] == '/' && strncmp(path, mark + 1, length - 1) == 0)
		found = path + length - 1;
	/* The innermost: one folder of crates may lie in another of the same name. */
	for (const char *at = path; (at = strstr(at, mark)); at++)
		found = at + length;
	return found;
}

static const char *next_component(const char *path)
{
	const char *slash = strchr(path, '/');

	return slash ? slash + 1 : NULL;
}

static const char *in_checkout(const char *at, size_t *length)
{
	*length = strcspn(at, "/");
	for (size_t i = *length; i > 0; i--)
		if (at[i - 1] == '-') {
			*length = i - 1;
			break;
		}
	return at;
}

/* Understands "crate_index__tokio-1.43.1", "rules_rust~~crate~crates__tokio-1.43.1", and
 * "raze__tokio__1_43_1". Other names may be the user's own folders. */
static const char *in_repository(const char *at, size_t *length)
{
	size_t end = strcspn(at, "/");
	const char *name = memmem(at, end, "__", 2);

	if (!name)
		return NULL;
	name += 2;
	end -= (size_t)(name - at);
	*length = name_length(name);
	for (size_t i = 1; i + 2 < end && *length == end; i++)
		if (name[i] == '_' && name[i + 1] == '_' && ISDIGIT(name[i + 2]))
			*length = i;
	return *length > 0 && *length < end ? name : NULL;
}

/* It must be a folder: src/vendor/list.rs is the program's own file. So is src/vendor/list/mod.rs. */
static bool in_folder(const char *at, size_t length, bool doubted)
{
	const char *below = next_component(at), *end = strrchr(at, '.');

	return below && (!doubted || at[length] != '/' || !end || strcmp(end, ".rs") != 0 ||
			 strncmp(below, "src/", 4) == 0 || strstr(below, "/src/") ||
			 strcmp(below, "lib.rs") == 0 || strcmp(below, "build.rs") == 0);
}

const char *cratepath_crate(const char *path, size_t *length)
{
	for (size_t i = 0; i < COUNT(layouts); i++) {
		const char *at = after(path, layouts[i].mark);

		if (at && layouts[i].form == FORM_BELOW)
			at = next_component(at);
		if (!at)
			continue;
		if (layouts[i].form == FORM_CHECKOUT)
			return in_checkout(at, length);
		if (layouts[i].form == FORM_REPOSITORY) {
			if ((at = in_repository(at, length)))
				return at;
			continue;
		}
		*length = name_length(at);
		if (in_folder(at, *length, layouts[i].form == FORM_FOLDER))
			return at;
	}
	/* cargo's trim-paths: NAME-VERSION/src/lib.rs */
	*length = name_length(path);
	return path[0] != '/' && *length < strcspn(path, "/") ? path : NULL;
}

const char *cratepath_versioned(const char *path, size_t *length)
{
	for (; path; path = next_component(path)) {
		*length = name_length(path);
		if (*length < strcspn(path, "/") && strchr(path, '/'))
			return path;
	}
	return NULL;
}

/* "/build/rustc-1.70.0-src/library/std/src/lib.rs": the toolchain was built in such a folder. */
static bool in_toolchain(const char *path)
{
	static const char *const folders[] = {"/rustc-", "/rust-"}, *const parts[] = {"library/", "vendor/"};

	for (size_t i = 0; i < COUNT(folders); i++)
		for (const char *at = path; (at = strstr(at, folders[i]));) {
			at += strlen(folders[i]);
			const char *below = ISDIGIT(*at) ? next_component(at) : NULL;

			for (size_t j = 0; below && j < COUNT(parts); j++)
				if (strncmp(below, parts[j], strlen(parts[j])) == 0)
					return true;
		}
	return false;
}

/* Is it a crate that the standard library is built with? Builds of rust-lang, and cargo's trim-paths, shorten
 * these paths to /cargo/registry and what follows. */
static bool is_built_into_std(const char *path)
{
	static const char *const crates[] = {"addr2line",
					     "adler",
					     "adler2",
					     "cfg-if",
					     "compiler_builtins",
					     "dlmalloc",
					     "fortanix-sgx-abi",
					     "getopts",
					     "gimli",
					     "hashbrown",
					     "libc",
					     "memchr",
					     "miniz_oxide",
					     "object",
					     "rustc-demangle",
					     "unwinding"};
	size_t length = 0;
	const char *crate =
		strncmp(path, "/cargo/registry/", 16) == 0 ? cratepath_crate(path, &length) : NULL;

	for (size_t i = 0; crate && i < COUNT(crates); i++)
		if (strlen(crates[i]) == length && strncmp(crate, crates[i], length) == 0)
			return true;
	return false;
}

bool cratepath_is_std(const char *path)
{
	/* Paths of rustup's builds (/rust/deps: its dependencies), and of rust-src with -Z build-std. */
	static const char *const starts[] = {"/rustc/", "/rust/deps/", "library/std/src/",
					     "library/core/src/", "library/alloc/src/"};

	for (size_t i = 0; i < COUNT(starts); i++)
		if (strncmp(path, starts[i], strlen(starts[i])) == 0)
			return true;
	return strstr(path, "/lib/rustlib/src/rust/") != NULL || in_toolchain(path) ||
	       is_built_into_std(path);
}

const char *cratepath_mark(size_t index)
{
	/* Without the slash: in constants, a path may begin here, right behind other text. */
	return index < COUNT(layouts) ? layouts[index].mark + (layouts[index].mark[0] == '/') : NULL;
}
