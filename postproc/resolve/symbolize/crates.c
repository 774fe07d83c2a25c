/* SPDX-License-Identifier: Apache-2.0 */
#include "resolve/symbolize/crates.h"

#include <gelf.h>
#include <libiberty/hashtab.h>
#include <libiberty/libiberty.h>
#include <libiberty/safe-ctype.h>
#include <stdlib.h>
#include <string.h>

#include "resolve/elf/module.h"
#include "resolve/symbolize/cratepath.h"

#define SCAN_LIMIT (256u << 20) /* bytes of constants that are searched */
#define CRATES_LIMIT 4096	/* crates that are kept */
#define PATH_LIMIT 256		/* bytes of a path that are read: the crate is near its start */

struct crates {
	htab_t names; /* strings, with `_` for `-` */
	const char *own;
};

static char *crate_name(const char *bytes, size_t length)
{
	char *name = xstrndup(bytes, length);

	for (char *at = name; *at; at++)
		if (*at == '-')
			*at = '_';
	return name;
}

/* In the constants, paths follow each other without a separator. */
static void add_path(struct crates *crates, const char *bytes, size_t size)
{
	char path[PATH_LIMIT + 1];
	size_t length = 0;

	while (length < size && length < PATH_LIMIT && ISPRINT(bytes[length])) {
		path[length] = bytes[length];
		length++;
	}
	path[length] = 0;
	char *file_end = strstr(path, ".rs");
	if (!file_end)
		return;
	file_end[3] = 0;
	size_t crate = 0;
	const char *at = cratepath_crate(path, &crate);
	if (!at || crate == 0)
		return;
	/* "/vendor/orders/list" may be anything */
	const char *rest = strchr(at, '/');
	if (!rest || (strncmp(rest, "/src/", 5) != 0 && strncmp(path, "git/", 4) != 0))
		return;
	for (size_t i = 0; i < crate; i++)
		if (!ISALNUM(at[i]) && at[i] != '-' && at[i] != '_')
			return;
	char *name = crate_name(at, crate);
	void **slot = NULL;
	if (strcmp(name, crates->own) != 0 && htab_elements(crates->names) < CRATES_LIMIT)
		slot = htab_find_slot(crates->names, name, INSERT);
	if (slot && !*slot)
		*slot = name;
	else
		free(name);
}

static void scan(struct crates *crates, const char *bytes, size_t size)
{
	const char *mark;

	for (size_t i = 0; (mark = cratepath_mark(i)); i++) {
		const char *at = bytes, *end = bytes + size;

		while ((at = memmem(at, (size_t)(end - at), mark, strlen(mark)))) {
			add_path(crates, at, (size_t)(end - at));
			at += strlen(mark);
		}
	}
}

struct crates *crates_read(const struct module *module)
{
	struct crates *crates = xcalloc(1, sizeof(*crates));
	GElf_Addr bias;
	Elf *elf = module && module->dwfl ? dwfl_module_getelf(module->dwfl, &bias) : NULL;
	const char *base = module ? strrchr(module->path, '/') : NULL;
	size_t left = SCAN_LIMIT;

	crates->names = htab_create_alloc(61, htab_hash_string, htab_eq_string, free, xcalloc, free);
	base = base ? base + 1 : "";
	crates->own = crate_name(base, strcspn(base, " "));
	for (Elf_Scn *scn = elf ? elf_nextscn(elf, NULL) : NULL; scn; scn = elf_nextscn(elf, scn)) {
		GElf_Shdr shdr;
		if (!gelf_getshdr(scn, &shdr) || shdr.sh_type != SHT_PROGBITS ||
		    (shdr.sh_flags & (SHF_ALLOC | SHF_EXECINSTR | SHF_WRITE)) != SHF_ALLOC)
			continue;
		Elf_Data *data = elf_rawdata(scn, NULL);
		if (!data || !data->d_buf || data->d_size > left)
			continue;
		left -= data->d_size;
		scan(crates, data->d_buf, data->d_size);
	}
	return crates;
}

void crates_free(struct crates *crates)
{
	if (!crates)
		return;
	htab_delete(crates->names);
	free((char *)crates->own);
	free(crates);
}

bool crates_have(const struct crates *crates, const char *name, size_t length)
{
	char *wanted = crate_name(name, length);
	bool found = htab_find(crates->names, wanted) != NULL;

	free(wanted);
	return found;
}
