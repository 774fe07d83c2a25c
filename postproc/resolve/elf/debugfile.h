/* debugfile.h - the file that holds a module's debug info when the module itself does not. */
#ifndef HUD_RESOLVE_ELF_DEBUGFILE_H
#define HUD_RESOLVE_ELF_DEBUGFILE_H

#include <stdbool.h>
#include <stdint.h>

/* Whose debug info is looked for. */
struct debugfile_wanted {
	const char *path;     /* of the module, as the target knows it */
	const char *build_id; /* lower-case hex, "" if it has none */
	const char *link;     /* its .gnu_debuglink, or NULL */
	uint32_t crc;	      /* of the file that `link` names: what tells a module without build id */
	const char *target;   /* a file to try first, or NULL */
	long pid;	      /* live process whose mount namespace is looked at as well; 0 = none */
};

/* Opens the debug file: by build id below /usr/lib/debug, else by .gnu_debuglink beside the module, in .debug there, or
 * below /usr/lib/debug; the same places that gdb searches, first of this machine, then as the target sees them. A file of another
 * build is not taken. Returns a descriptor that is the caller's, and its path (to be freed) in *name; or -1, and in *problem (static
 * text) what was wrong with a file that was there, if one was: *problem stays as it is otherwise.
 * *foreign: the target may have chosen what is in it (a build id and a checksum are copied quickly): it is neither the file that the
 * user named nor one below this machine's /usr/lib/debug. */
int debugfile_open(const struct debugfile_wanted *wanted, char **name, const char **problem, bool *foreign);

/* Opens what the debug file at `path` has in common with others (made by dwz): its .gnu_debugaltlink, which the caller has
 * read as `link`, absolute or relative to the file's directory, if it has the build id that is wanted there. Returns as
 * debugfile_open does. */
int debugfile_open_common(const char *path, const char *link, char **name);

#endif
