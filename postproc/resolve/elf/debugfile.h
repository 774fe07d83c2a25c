/* SPDX-License-Identifier: Apache-2.0 */
/* debugfile.h - finds the separate file with a module's debug info. */
#ifndef HUD_RESOLVE_ELF_DEBUGFILE_H
#define HUD_RESOLVE_ELF_DEBUGFILE_H

#include <stdbool.h>
#include <stdint.h>

/* The module whose debug info is wanted. */
struct debugfile_wanted {
	const char *path;     /* as the target knows it */
	const char *build_id; /* lower-case hex, "" if it has none */
	const char *link;     /* its .gnu_debuglink, or NULL */
	uint32_t crc;	      /* CRC of the file that `link` names: identifies it if the module has no build
			       * id */
	const char *target;   /* a file to try first, or NULL */
	long pid;	      /* live process in whose mount namespace to look, too; 0: none */
};

/* Finds the debug file where gdb does: by build id below /usr/lib/debug, then by .gnu_debuglink beside the
 * module, in .debug there, or below /usr/lib/debug; first on this machine, then as the target sees it. A file
 * of another build is refused. Returns a descriptor that the caller closes, and its path in *name, which the
 * caller frees. Otherwise returns -1; *problem (static text) is set only if a file was there but could not be
 * used. *foreign: the target may have written the file, since build id and checksum can be copied: it is
 * neither the user's --target nor below this machine's /usr/lib/debug. */
int debugfile_open(const struct debugfile_wanted *wanted, char **name, const char **problem, bool *foreign);

/* Opens the file with what the debug file at `path` shares with others (made by dwz). `link` is its
 * .gnu_debugaltlink, absolute or relative to its directory; the file there must have the build id that it
 * names. Returns as debugfile_open() does. */
int debugfile_open_common(const char *path, const char *link, char **name);

#endif
