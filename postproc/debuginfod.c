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

int debuginfod_executable(const char *build_id)
{
	/* As elfutils/debuginfod.h declares them; it need not be installed. */
	void *(*begin)(void), (*end)(void *);
	int (*find)(void *, const unsigned char *, int, char **);
	void *library = dlopen("libdebuginfod.so.1", RTLD_LAZY);
	int fd = -1;

	if (!library)
		return -1;
	*(void **)&begin = dlsym(library, "debuginfod_begin");
	*(void **)&end = dlsym(library, "debuginfod_end");
	*(void **)&find = dlsym(library, "debuginfod_find_executable");
	void *client = begin && end && find ? begin() : NULL;

	if (client) {
		char *path = NULL;

		fd = find(client, (const unsigned char *)build_id, 0, &path); /* length 0: it is in hex */
		free(path);
		end(client);
	}
	return fd < 0 ? -1 : fd;
}
