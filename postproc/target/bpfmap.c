/* SPDX-License-Identifier: Apache-2.0 */
/* bpfmap.c - see bpfmap.h. */
#include "target/bpfmap.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "target/descriptors.h"

struct search {
	struct bpfmap_wanted *wanted;
	size_t count, left;
};

static bool describe(int map, struct bpf_map_info *info)
{
	union bpf_attr request;

	/* The kernel requires zeros behind the union's member, but since GCC 15 `= {...}` need not clear
	 * them. */
	memset(&request, 0, sizeof(request));
	request.info.bpf_fd = (__u32)map;
	request.info.info_len = sizeof(*info);
	request.info.info = (__u64)(uintptr_t)info;
	*info = (struct bpf_map_info){0};
	return syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &request, sizeof(request)) == 0;
}

/* Is it this map, and of a type that has one value for all CPUs? */
static bool is_wanted(const struct bpf_map_info *info, const struct bpfmap_wanted *wanted)
{
	char name[BPF_OBJ_NAME_LEN];

	snprintf(name, sizeof(name), "AT_%s", wanted->name);
	return wanted->map < 0 && !strcmp(info->name, name) && info->key_size <= sizeof(uint64_t) &&
	       (info->type == BPF_MAP_TYPE_HASH || info->type == BPF_MAP_TYPE_ARRAY) &&
	       (wanted->size > sizeof(uint64_t) ? info->value_size == wanted->size
						: info->value_size <= wanted->size);
}

static bool match_map(int map, void *data, bool *done)
{
	struct search *search = data;
	struct bpf_map_info info;

	for (size_t i = 0; i < search->count && describe(map, &info); i++) {
		if (!is_wanted(&info, &search->wanted[i]))
			continue;
		search->wanted[i].map = map;
		*done = --search->left == 0;
		return true;
	}
	return false;
}

int bpfmap_open_all(int pidfd, pid_t pid, struct bpfmap_wanted *wanted, size_t count)
{
	struct search search = {wanted, count, count};

	for (size_t i = 0; i < count; i++)
		wanted[i].map = -1;
	return descriptors_visit(pidfd, pid, "bpf-map", match_map, &search);
}

int bpfmap_open(int pidfd, pid_t pid, const char *name)
{
	struct bpfmap_wanted wanted = {.name = name, .size = sizeof(uint64_t)};
	int refused = bpfmap_open_all(pidfd, pid, &wanted, 1);

	if (wanted.map < 0)
		errno = refused ? refused : ENOENT;
	return wanted.map;
}

bool bpfmap_value(int map, uint64_t key, void *value)
{
	union bpf_attr request;

	memset(&request, 0, sizeof(request));
	request.map_fd = (__u32)map;
	request.key = (__u64)(uintptr_t)&key;
	request.value = (__u64)(uintptr_t)value;
	return syscall(SYS_bpf, BPF_MAP_LOOKUP_ELEM, &request, sizeof(request)) == 0;
}

uint64_t bpfmap_number(int map)
{
	uint64_t value = 0;

	return bpfmap_value(map, 0, &value) ? value : 0;
}

bool bpfmap_set_number(int map, uint64_t value)
{
	union bpf_attr request;
	uint64_t key = 0;

	/* Values and keys may be shorter: these numbers are little-endian. */
	memset(&request, 0, sizeof(request));
	request.map_fd = (__u32)map;
	request.key = (__u64)(uintptr_t)&key;
	request.value = (__u64)(uintptr_t)&value;
	request.flags = BPF_EXIST;
	return syscall(SYS_bpf, BPF_MAP_UPDATE_ELEM, &request, sizeof(request)) == 0;
}
