/* debuginfod.c - see debuginfod.h. The variables are described in debuginfod-client-config(7). */
#include "debuginfod.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

bool debuginfod_wanted(const char *command)
{
	const char *urls = getenv("DEBUGINFOD_URLS");

	if (!urls || !*urls) {
		fprintf(stderr,
			"hud-postproc %s: --debuginfod: DEBUGINFOD_URLS names no server; sudo drops it, "
			"unless told: "
			"sudo --preserve-env=DEBUGINFOD_URLS\n",
			command);
		exit(2);
	}
	/* libdwfl loads it in the same way, and without it finds nothing and says nothing. */
	if (!dlopen("libdebuginfod.so.1", RTLD_LAZY)) {
		fprintf(stderr, "hud-postproc %s: --debuginfod: libdebuginfod is not installed\n", command);
		exit(2);
	}
	return true;
}

void debuginfod_set(bool on)
{
	/* A silent server would hold up every lookup for minutes. */
	if (!on)
		unsetenv("DEBUGINFOD_URLS");
	setenv("DEBUGINFOD_TIMEOUT", "5", false);  /* seconds without 100 KB */
	setenv("DEBUGINFOD_MAXTIME", "30", false); /* seconds for a file */
	setenv("DEBUGINFOD_RETRY_LIMIT", "1", false);
}
