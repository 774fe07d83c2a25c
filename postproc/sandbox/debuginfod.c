/* SPDX-License-Identifier: Apache-2.0 */
/* debuginfod.c - see debuginfod.h. The variables are described in debuginfod-client-config(7). */
#include "sandbox/debuginfod.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/confine.h"
#include "sandbox/helper.h"

#define MAXTIME "30" /* seconds for one file */
#define SLACK_S 5    /* more, for the rest of debuginfod_find_*() */

bool debuginfod_wanted(const char *command)
{
	const char *urls = getenv("DEBUGINFOD_URLS");

	if (!urls || !*urls) {
		fprintf(stderr,
			"hud-postproc %s: --debuginfod: DEBUGINFOD_URLS names no server; sudo drops it, "
			"unless told: sudo --preserve-env=DEBUGINFOD_URLS\n",
			command);
		exit(2);
	}
	/* libdwfl loads it the same way; without it, it silently finds nothing. */
	if (!dlopen("libdebuginfod.so.1", RTLD_LAZY)) {
		fprintf(stderr, "hud-postproc %s: --debuginfod: libdebuginfod is not installed\n", command);
		exit(2);
	}
	return true;
}

void debuginfod_set(bool on)
{
	/* A server that does not answer would delay every lookup by minutes. */
	if (!on)
		unsetenv("DEBUGINFOD_URLS");
	setenv("DEBUGINFOD_TIMEOUT", "5", false); /* give up after so many seconds with less than 100 KB */
	setenv("DEBUGINFOD_MAXTIME", MAXTIME, false);
	setenv("DEBUGINFOD_RETRY_LIMIT", "1", false);
}

/* The first byte of a request; the build id follows. */
enum wanted { EXECUTABLE = 'e', DEBUGINFO = 'd' };

static struct helper *helper;

/* Returns a descriptor, or -1. */
static int ask(char wanted, const char *build_id)
{
	/* As declared in elfutils/debuginfod.h, which need not be installed. */
	void *(*begin)(void), (*end)(void *);
	int (*find)(void *, const unsigned char *, int, char **);
	void *library = dlopen("libdebuginfod.so.1", RTLD_LAZY);
	int fd = -1;

	if (!library)
		return -1;
	*(void **)&begin = dlsym(library, "debuginfod_begin");
	*(void **)&end = dlsym(library, "debuginfod_end");
	*(void **)&find = dlsym(library, wanted == EXECUTABLE ? "debuginfod_find_executable"
							      : "debuginfod_find_debuginfo");
	void *client = begin && end && find ? begin() : NULL;

	if (client) {
		char *path = NULL;

		fd = find(client, (const unsigned char *)build_id, 0, &path); /* length 0: the build id is in
									       * hex */
		free(path);
		end(client);
	}
	return fd < 0 ? -1 : fd;
}

static int prepare(void *context)
{
	(void)context;
	return confine_to_user_at_home(); /* the cache is there */
}

static int serve(void *context, const void *request, size_t size, int *fd)
{
	const char *text = request;

	(void)context;
	if (size < 2 || text[size - 1] || strspn(text + 1, "0123456789abcdef") != size - 2)
		return EINVAL;
	*fd = ask(text[0], text + 1);
	return *fd < 0 ? ENOENT : 0;
}

int debuginfod_start(void)
{
	debuginfod_set(true);
	unsigned long seconds = strtoul(getenv("DEBUGINFOD_MAXTIME"), NULL, 10) % 3600;

	helper = helper_start(&(struct helper_duty){.name = "hud-debuginfod",
						    .limit_ms = (unsigned)(seconds + SLACK_S) * 1000,
						    .threads = 1,
						    .prepare = prepare,
						    .serve = serve});
	if (!helper)
		perror("hud-postproc: cannot start a process");
	return helper ? 0 : -1;
}

int debuginfod_descriptor(void)
{
	return helper ? helper_descriptor(helper) : -1;
}

void debuginfod_end(void)
{
	helper_end(helper);
	helper = NULL;
}

static int find(char wanted, const char *build_id)
{
	char request[2 * 64 + 2];
	int fd;

	if (!helper)
		return ask(wanted, build_id);
	int length = snprintf(request, sizeof(request), "%c%s", wanted, build_id);

	if (length < 0 || (size_t)length >= sizeof(request))
		return -1;
	helper_ask(helper, request, (size_t)length + 1, &fd);
	return fd;
}

int debuginfod_executable(const char *build_id)
{
	return find(EXECUTABLE, build_id);
}

int debuginfod_debuginfo(const char *build_id)
{
	return find(DEBUGINFO, build_id);
}
