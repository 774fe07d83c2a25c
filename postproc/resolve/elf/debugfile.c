/* SPDX-License-Identifier: Apache-2.0 */
/* debugfile.c - see debugfile.h.
 *
 * libdwfl could search, too, but it opens whatever it finds: a FIFO in a container's file system would block
 * it forever. And it only knows its own file system.
 */
#include "resolve/elf/debugfile.h"

#include <gelf.h>
#include <libiberty/libiberty.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "resolve/elf/binary.h"
#include "sandbox/opener.h"

#define CRC_LIMIT ((off_t)4 << 30) /* bytes: do not read more to check a file without a build id */

static const char other_build[] =
	"the separate debug file is of another build (its build id differs) and was not used";

/* The CRC-32 of .gnu_debuglink: gdb's manual, "Separate Debug Files". */
static bool has_crc(int fd, uint32_t wanted)
{
	unsigned char bytes[65536];
	uint32_t table[256], crc = 0xffffffff;
	struct stat st;
	ssize_t got;

	if (fstat(fd, &st) != 0 || st.st_size > CRC_LIMIT)
		return false;
	for (uint32_t i = 0; i < 256; i++) {
		table[i] = i;
		for (int bit = 0; bit < 8; bit++)
			table[i] = table[i] & 1 ? table[i] >> 1 ^ 0xedb88320 : table[i] >> 1;
	}
	for (off_t at = 0; (got = pread(fd, bytes, sizeof(bytes), at)) > 0 && at < CRC_LIMIT; at += got)
		for (ssize_t i = 0; i < got; i++)
			crc = crc >> 8 ^ table[(crc ^ bytes[i]) & 0xff];
	return got == 0 && (crc ^ 0xffffffff) == wanted;
}

/* Tries the file at `path`; frees the path, or gives it to *name. */
static int try_path(const struct debugfile_wanted *wanted, char *path, char **name, const char **problem)
{
	int fd = opener_open(path);
	bool right = fd >= 0 && (wanted->build_id[0] ? binary_is_build(fd, wanted->build_id)
						     : wanted->link && has_crc(fd, wanted->crc));

	if (right) {
		*name = path;
		return fd;
	}
	if (fd >= 0) {
		*problem = other_build;
		close(fd);
	}
	free(path);
	return -1;
}

static int search(const char *root, const struct debugfile_wanted *wanted, char **name, const char **problem)
{
	const char *slash = strrchr(wanted->path, '/'), *id = wanted->build_id, *link = wanted->link;
	int fd = -1;

	if (strlen(id) > 2) {
		char *path = xasprintf("%s/usr/lib/debug/.build-id/%.2s/%s.debug", root, id, id + 2);
		fd = try_path(wanted, path, name, problem);
	}
	if (fd >= 0 || !link || !link[0] || strchr(link, '/') || !slash)
		return fd;
	char *directory = xstrndup(wanted->path, (size_t)(slash - wanted->path));
	/* A link with the module's own name would lead to the module itself. */
	if (strcmp(link, slash + 1) != 0)
		fd = try_path(wanted, concat(root, directory, "/", link, NULL), name, problem);
	if (fd < 0)
		fd = try_path(wanted, concat(root, directory, "/.debug/", link, NULL), name, problem);
	if (fd < 0)
		fd = try_path(wanted, concat(root, "/usr/lib/debug", directory, "/", link, NULL), name,
			      problem);
	free(directory);
	return fd;
}

int debugfile_open(const struct debugfile_wanted *wanted, char **name, const char **problem, bool *foreign)
{
	static const char debug_files[] = "/usr/lib/debug/";
	const char *found = NULL;
	int fd = -1;

	*foreign = false;

	if (wanted->target) /* its problem is reported where the module's own file is taken from it */
		fd = try_path(wanted, xstrdup(wanted->target), name, &found);
	if (fd >= 0)
		return fd;
	found = NULL;
	fd = search("", wanted, name, &found);
	*foreign = fd < 0 || strncmp(*name, debug_files, strlen(debug_files)) != 0;
	if (fd < 0 && wanted->pid > 0) {
		char *root = xasprintf("/proc/%ld/root", wanted->pid);
		fd = search(root, wanted, name, &found);
		free(root);
	}
	if (fd < 0 && found)
		*problem = found;
	return fd;
}

/* The build id in an ELF file's .gnu_debugaltlink, behind the path, in hex; "" if there is none. */
static void common_build_id(Elf *elf, char *hex, size_t size)
{
	size_t strings;

	hex[0] = 0;
	if (elf_getshdrstrndx(elf, &strings) != 0)
		return;
	for (Elf_Scn *scn = elf_nextscn(elf, NULL); scn; scn = elf_nextscn(elf, scn)) {
		GElf_Shdr shdr;
		const char *name = gelf_getshdr(scn, &shdr) ? elf_strptr(elf, strings, shdr.sh_name) : NULL;
		Elf_Data *data = name && !strcmp(name, ".gnu_debugaltlink") ? elf_rawdata(scn, NULL) : NULL;
		const char *end = data && data->d_buf ? memchr(data->d_buf, 0, data->d_size) : NULL;
		if (!end)
			continue;
		const unsigned char *id = (const unsigned char *)end + 1;
		size_t length = data->d_size - (size_t)(end + 1 - (const char *)data->d_buf);
		for (size_t i = 0; i < length && 2 * i + 2 < size; i++)
			sprintf(hex + 2 * i, "%02x", id[i]);
		return;
	}
}

int debugfile_open_common(const char *path, const char *link, char **name)
{
	const char *slash = strrchr(path, '/');
	char hex[BUILD_ID_HEX] = "";
	int fd = opener_open(path);

	if (fd < 0)
		return -1;
	Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (elf)
		common_build_id(elf, hex, sizeof(hex));
	elf_end(elf);
	close(fd);
	char *common = link[0] == '/' || !slash ? xstrdup(link)
						: xasprintf("%.*s/%s", (int)(slash - path), path, link);
	fd = opener_open(common);
	if (fd >= 0 && binary_is_build(fd, hex)) {
		*name = common;
		return fd;
	}
	if (fd >= 0)
		close(fd);
	free(common);
	return -1;
}
