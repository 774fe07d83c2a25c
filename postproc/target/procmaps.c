/* SPDX-License-Identifier: Apache-2.0 */
/* procmaps.c - see procmaps.h. */
#include "target/procmaps.h"

#include <inttypes.h>
#include <libelf.h>
#include <libiberty/libiberty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "resolve/elf/binary.h"
#include "target/inspector.h"

#define VDSO_MAX (1u << 20)

/* The vdso has no file. */
static void vdso_build_id(pid_t pid, const struct mapping *m, char hex[BUILD_ID_HEX])
{
	size_t size = m->end - m->start;
	if (size > VDSO_MAX)
		return;
	void *image = xmalloc(size);

	if (inspector_memory(pid, m->start, image, size) == size) {
		Elf *elf = elf_memory(image, size);

		binary_build_id(elf, hex, BUILD_ID_HEX);
		elf_end(elf);
	}
	free(image);
}

char *procmaps_build_id(pid_t pid, const struct mapping *m)
{
	char hex[BUILD_ID_HEX] = "", *path;

	if (!strcmp(m->path, "[vdso]"))
		vdso_build_id(pid, m, hex);
	if (m->path[0] != '/')
		return xstrdup(hex);
	path = xasprintf("/proc/%d/map_files/%" PRIx64 "-%" PRIx64, (int)pid, m->start, m->end);
	if (!binary_file_build_id(path, hex)) {
		free(path);
		path = xasprintf("/proc/%d/root%s", (int)pid, m->path);
		binary_file_build_id(path, hex);
	}
	free(path);
	return xstrdup(hex);
}

bool procmaps_parse(char *line, struct mapping *m)
{
	char perms[5];
	int name = 0;

	*m = (struct mapping){.executable = true};
	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %*s %*s %n", &m->start, &m->end, perms,
		   &m->offset, &name) < 4 ||
	    !name || perms[2] != 'x' || !strcmp(line + name, "[vsyscall]"))
		return false;
	m->path = line + name;
	return true;
}

int procmaps_read(pid_t pid, struct procmaps *maps)
{
	char *line = NULL;
	FILE *in = inspector_open(pid, "maps");
	size_t room = 0, size = 0;

	*maps = (struct procmaps){0};
	if (!in)
		return -1;
	char *root = inspector_root(pid);

	while (getline(&line, &size, in) > 0) {
		struct mapping m;

		if (!procmaps_parse(line, &m))
			continue;
		m.path = xstrdup(inspector_below(root, m.path));
		m.build_id = xstrdup("");
		GROW(maps->mapping, room, maps->count + 1);
		maps->mapping[maps->count++] = m;
	}
	free(root);
	free(line);
	fclose(in);
	return 0;
}

void procmaps_free(struct procmaps *maps)
{
	for (size_t i = 0; i < maps->count; i++) {
		free((char *)maps->mapping[i].path);
		free((char *)maps->mapping[i].build_id);
	}
	free(maps->mapping);
}
