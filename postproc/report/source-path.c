/* SPDX-License-Identifier: Apache-2.0 */
/* source-path.c - see source-path.h. */
#include <ctype.h>
#include <inttypes.h>
#include <libiberty/libiberty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "report/source-path.h"
#include "resolve/symbolize/cratepath.h"

/* Shortens `root` to the directories it has in common with `file`; takes those of the first file. */
static void narrow(char **root, const char *file)
{
	size_t same = 0, length = 0;

	if (!file || file[0] != '/')
		return;
	if (!*root)
		*root = xstrdup(file);
	while ((*root)[same] && (*root)[same] == file[same])
		if (file[same++] == '/')
			length = same;
	(*root)[length] = '\0';
}

/* Is this file in a place outside all workspaces? Returns the first byte worth showing, otherwise NULL. */
static const char *well_known(const char *file)
{
	size_t length;
	const char *library;

	if (!cratepath_is_std(file))
		return cratepath_crate(file, &length);
	library = strstr(file, "/library/");
	return library && library[9] ? library + 9 : NULL;
}

char *place_root(const struct model *model)
{
	char *root = NULL;

	for (size_t i = 0; i < model->blockers; i++) {
		const struct verdict *stack = model->blocker[i].stack;

		for (size_t j = 0; stack && j < stack->count; j++)
			if (stack->frame[j]->origin == ORIGIN_USER && stack->frame[j]->file &&
			    !well_known(stack->frame[j]->file))
				narrow(&root, stack->frame[j]->file);
	}
	if (!root)
		return NULL;
	/* "src/" is informative: it stays with the file. */
	for (char *src = root, *last = NULL;; last = src++) {
		src = strstr(src, "/src/");
		if (!src) {
			if (last)
				last[1] = '\0';
			break;
		}
	}
	if (strlen(root) > 1)
		return root;
	free(root);
	return NULL;
}

/* Is it a source of the C library? Distributions build it in its own directory, as
 * "./io/../sysdeps/unix/sysv/linux/read.c". */
static bool is_c_library(const char *file)
{
	static const char *const folders[] = {"./io/",	   "./libio/",	"./malloc/", "./misc/",	  "./nptl/",
					      "./nss/",	   "./posix/",	"./resolv/", "./signal/", "./socket/",
					      "./stdlib/", "./string/", "./time/",   "./inet/",	  "./elf/"};

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (!strncmp(file, folders[i], strlen(folders[i])))
			return true;
	return strstr(file, "/sysdeps/") || strstr(file, "/glibc-") || strstr(file, "/musl-");
}

char *place_text(const char *root, const char *file, unsigned line)
{
	size_t length = file ? strlen(file) : 0;

	if (!file || (is_c_library(file) && (length < 3 || strcmp(file + length - 3, ".rs") != 0)))
		return xstrdup("");
	const char *known = well_known(file);

	if (known)
		file = known;
	else if (root && strncmp(file, root, strlen(root)) == 0)
		file += strlen(root);
	return line ? text_format("%s:%u", file, line) : xstrdup(file);
}

/* The last part of a path. */
static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

char *place_crate(const struct frame *frame)
{
	const char *name = frame->function;

	if (!name || !strstr(name, "::") || frame->origin == ORIGIN_SYSTEM) {
		const char *base = base_of(frame->module);

		/* "ld-linux-x86-64.so.2", "libc.so.6", "[vdso]" */
		return xstrndup(base, strcspn(base, "."));
	}
	/* "<&mut dyn core::fmt::Write as ..>" and the like: takes the first path in it. */
	const char *end = strstr(name, "::");
	const char *start = end;

	while (start > name && (isalnum((unsigned char)start[-1]) || start[-1] == '_'))
		start--;
	size_t length = (size_t)(end - start);

	if (frame->origin == ORIGIN_STD || length == 0)
		return xstrdup(frame->origin == ORIGIN_STD ? "std" : base_of(frame->module));
	return xstrndup(start, length);
}

char *place_name(const struct frame *frame, bool whole)
{
	const char *name = (whole && frame->function) || !frame->name ? frame->function : frame->name;

	return name ? xstrdup(name) : text_format("%s+0x%" PRIx64, base_of(frame->module), frame->offset);
}
