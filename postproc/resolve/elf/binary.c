/* SPDX-License-Identifier: Apache-2.0 */
#include "resolve/elf/binary.h"

#include <elfutils/libdwelf.h>
#include <errno.h>
#include <libiberty/libiberty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "resolve/elf/elfbounds.h"
#include "sandbox/opener.h"

#define VDSO_LIMIT 0x100000 /* bytes: every vdso is smaller; limits what is read from the target's memory */
#define PAGE 0x1000

static const char not_found[] = "the file is not on this machine; --target takes a copy";
static const char not_readable[] = "the file cannot be read: run as root";
static const char nobody_opens[] = "the file cannot be read: the process that opens files has ended";
static const char not_answering[] = "the file cannot be read: its file system does not answer";
static const char not_elf[] = "not an ELF executable or library";
static const char other_build[] =
	"the file here is of another build (its build id differs): --target takes a copy of the one that ran";
static const char other_layout[] = "the file here is another one (its segments are not where they were "
				   "mapped): --target takes a copy of the one that ran";
static const char other_target[] = "--target not used: its build id differs from the running program's";
static const char unusable_target[] = "--target not used: not an executable that can be read";
static const char target_not_checked[] = "--target used without a check: the recording has no build id";
static const char not_checked[] =
	"taken from this machine's file without a check: the recording has no build id";
static const char no_vdso[] =
	"the vdso's code is neither recorded nor the same here: hud-trace --record --resolve keeps its names";

char *binary_path(const char *mapped)
{
	static const char deleted[] = " (deleted)";
	size_t length = strlen(mapped), suffix = sizeof(deleted) - 1;

	if (length > suffix && strcmp(mapped + length - suffix, deleted) == 0)
		length -= suffix;
	return xstrndup(mapped, length);
}

void binary_build_id(Elf *elf, char *hex, size_t size)
{
	const void *note = NULL;
	ssize_t length = dwelf_elf_gnu_build_id(elf, &note);

	hex[0] = 0;
	for (ssize_t i = 0; i < length && 2 * (size_t)i + 2 < size; i++)
		snprintf(hex + 2 * i, 3, "%02x", ((const unsigned char *)note)[i]);
}

bool binary_bias(Elf *elf, const struct mapping *mapping, uint64_t *bias)
{
	size_t count = 0;
	int best = -1;
	GElf_Ehdr ehdr;

	if (elf_getphdrnum(elf, &count) != 0 || !gelf_getehdr(elf, &ehdr))
		return false;
	for (size_t i = 0; i < count && i < 65536; i++) {
		GElf_Phdr phdr;
		if (!gelf_getphdr(elf, (int)i, &phdr) || phdr.p_type != PT_LOAD)
			continue;
		uint64_t first = phdr.p_offset & ~(uint64_t)(PAGE - 1);
		if (mapping->offset < first || mapping->offset >= phdr.p_offset + phdr.p_filesz)
			continue;
		/* Two segments may share a page of the file, the last of one and the first of the other. */
		int score = 2 * (((phdr.p_flags & PF_X) != 0) == mapping->executable) +
			    (first == mapping->offset);
		if (score >= best) {
			best = score;
			*bias = mapping->start - mapping->offset + phdr.p_offset - phdr.p_vaddr;
		}
	}
	return best >= 0 && (ehdr.e_type == ET_DYN || *bias == 0);
}

static void scan_sections(Elf *elf, struct binary *binary)
{
	size_t strings;

	if (elf_getshdrstrndx(elf, &strings) != 0)
		return;
	for (Elf_Scn *scn = elf_nextscn(elf, NULL); scn; scn = elf_nextscn(elf, scn)) {
		GElf_Shdr shdr;
		if (!gelf_getshdr(scn, &shdr))
			continue;
		if (shdr.sh_type == SHT_SYMTAB)
			binary->has_symtab = true;
		const char *name = elf_strptr(elf, strings, shdr.sh_name);
		if (name && (strcmp(name, ".debug_info") == 0 || strcmp(name, ".zdebug_info") == 0))
			binary->has_debug_info = true;
	}
}

/* Checks whether the open file is the mapped one. Returns NULL and fills in `binary`, or says why it is
 * not. */
static const char *check(int fd, const struct mapping *mapping, struct binary *binary)
{
	Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	const char *problem = not_elf;
	char hex[BUILD_ID_HEX];
	GElf_Ehdr ehdr;

	if (elf && elf_kind(elf) == ELF_K_ELF && gelf_getehdr(elf, &ehdr) &&
	    (ehdr.e_type == ET_EXEC || ehdr.e_type == ET_DYN) && !(problem = elfbounds_problem(elf))) {
		binary_build_id(elf, hex, sizeof(hex));
		if (mapping->build_id[0] && strcmp(hex, mapping->build_id) != 0) {
			problem = other_build;
			memcpy(binary->other_build_id, hex, sizeof(hex));
		} else if (!binary_bias(elf, mapping, &binary->bias)) {
			problem = other_layout;
		} else {
			problem = NULL;
			scan_sections(elf, binary);
		}
	}
	elf_end(elf);
	return problem;
}

/* Tries a file. Returns true if it is the mapped one; otherwise sets binary->problem, unless the file does
 * not exist. */
static bool try_file(const char *path, const struct mapping *mapping, struct binary *binary)
{
	int fd = opener_open(path);

	if (fd < 0) {
		if (errno == ENOEXEC)
			binary->problem = not_elf;
		else if (errno == EACCES || errno == EPERM)
			binary->problem = not_readable;
		else if (errno == ETIMEDOUT)
			binary->problem = not_answering;
		else if (errno == ECONNRESET)
			binary->problem = nobody_opens;
		return false;
	}
	const char *problem = check(fd, mapping, binary);
	if (problem) {
		close(fd);
		binary->problem = problem;
		return false;
	}
	binary->fd = fd;
	binary->problem = NULL;
	return true;
}

/* --- the vdso: code without a file --- */

/* Only the kernel knows its size. binary_prepare() looks it up once. */
static const struct mapping *own_vdso(void)
{
	static struct mapping own;
	static bool known;
	char line[512];
	FILE *maps = known ? NULL : fopen("/proc/self/maps", "re");

	known = true;
	while (maps && fgets(line, sizeof(line), maps)) {
		unsigned long start, end;
		if (sscanf(line, "%lx-%lx", &start, &end) == 2 && start == getauxval(AT_SYSINFO_EHDR))
			own = (struct mapping){.start = start, .end = end};
	}
	if (maps)
		fclose(maps);
	return &own;
}

void binary_prepare(void)
{
	own_vdso();
}

static bool try_image(const void *image, size_t size, const struct mapping *mapping, struct binary *binary)
{
	int fd = memfd_create("vdso", MFD_CLOEXEC);

	if (fd < 0)
		return false;
	if (write(fd, image, size) != (ssize_t)size || check(fd, mapping, binary) != NULL) {
		close(fd);
		return false;
	}
	binary->fd = fd;
	return true;
}

/* All processes have the same vdso, so this one's is the target's; a recording may be of another kernel. */
static bool try_own_vdso(size_t size, const struct binary_wanted *wanted, struct binary *binary)
{
	const struct mapping *own = own_vdso();
	const void *image = (const void *)(uintptr_t)own->start;

	return (wanted->mapping->build_id[0] || wanted->pid > 0) && own->end > own->start &&
	       own->end - own->start == size && try_image(image, size, wanted->mapping, binary);
}

static void find_vdso(const struct binary_wanted *wanted, struct binary *binary)
{
	uint64_t size = wanted->vma_end - wanted->vma_start;

	if (size > VDSO_LIMIT || !try_own_vdso(size, wanted, binary))
		binary->problem = no_vdso;
}

/* --- files --- */

static bool try_live(const struct binary_wanted *wanted, const char *path, struct binary *binary)
{
	char map_file[96];

	/* The mapped file itself, whatever its name refers to now, in any mount namespace. Needs root. */
	snprintf(map_file, sizeof(map_file), "/proc/%ld/map_files/%lx-%lx", wanted->pid,
		 (unsigned long)wanted->vma_start, (unsigned long)wanted->vma_end);
	if (try_file(map_file, wanted->mapping, binary))
		return true;
	/* Under another name it would not answer either. */
	if (binary->problem == not_answering)
		return false;
	char *in_root = xasprintf("/proc/%ld/root%s", wanted->pid, path);
	bool found = try_file(in_root, wanted->mapping, binary);
	free(in_root);
	return found;
}

/* Where distributions (Fedora) link the executable that belongs to a debug package, by build id. */
static bool try_build_id(const struct mapping *mapping, struct binary *binary)
{
	const char *id = mapping->build_id;

	if (strlen(id) < 3 || strspn(id, "0123456789abcdef") != strlen(id))
		return false;
	char *path = xasprintf("/usr/lib/debug/.build-id/%.2s/%s", id, id + 2);
	bool found = try_file(path, mapping, binary);

	free(path);
	return found;
}

void binary_take(int fd, const struct mapping *mapping, struct binary *binary)
{
	if (check(fd, mapping, binary)) {
		close(fd);
		return;
	}
	binary->fd = fd;
	binary->problem = NULL;
}

void binary_find(const struct binary_wanted *wanted, struct binary *binary)
{
	const struct mapping *mapping = wanted->mapping;
	bool checked = mapping->build_id[0] != 0;
	const char *target_problem = NULL;

	*binary = (struct binary){.fd = -1};
	if (strcmp(mapping->path, "[vdso]") == 0) {
		find_vdso(wanted, binary);
		return;
	}
	if (wanted->target) {
		if (try_file(wanted->target, mapping, binary)) {
			binary->problem = checked ? NULL : target_not_checked;
			return;
		}
		/* A file with only debug info has the build id but no code: address-space.c uses it later. */
		if (binary->problem != other_layout)
			target_problem = binary->problem == other_build ? other_target : unusable_target;
		binary->problem = NULL;
	}
	char *path = binary_path(mapping->path);
	if (wanted->pid > 0 && try_live(wanted, path, binary))
		;
	else if (binary->problem != not_answering && try_file(path, mapping, binary))
		binary->problem = checked ? NULL : not_checked;
	else if (try_build_id(mapping, binary))
		;
	else if (!binary->problem)
		binary->problem = not_found;
	free(path);
	if (target_problem)
		binary->problem = target_problem;
	binary->is_other_build = binary->problem == other_build;
	binary->is_elsewhere = binary->problem == other_layout;
}

bool binary_is_build(int fd, const char *build_id)
{
	char hex[BUILD_ID_HEX] = "";
	Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);

	if (elf && !elfbounds_problem(elf))
		binary_build_id(elf, hex, sizeof(hex));
	elf_end(elf);
	return hex[0] && strcmp(hex, build_id) == 0;
}

const char *binary_file_symtab_problem(const char *path)
{
	int fd = opener_open(path);
	const char *problem = "its executable cannot be read";

	if (fd < 0)
		return problem;
	Elf *elf = elf_begin(fd, ELF_C_READ, NULL);

	if (elf && !(problem = elfbounds_problem(elf)))
		problem = elfbounds_symtab_problem(elf);
	elf_end(elf);
	close(fd);
	return problem;
}

bool binary_file_build_id(const char *path, char hex[BUILD_ID_HEX])
{
	int fd = opener_open(path);

	hex[0] = 0;
	if (fd < 0)
		return errno == ENOEXEC || errno == ETIMEDOUT;
	Elf *elf = elf_begin(fd, ELF_C_READ, NULL); /* not mapped: whoever truncates it could kill this
						  * process */

	if (elf && !elfbounds_problem(elf))
		binary_build_id(elf, hex, BUILD_ID_HEX);
	elf_end(elf);
	close(fd);
	return true;
}
