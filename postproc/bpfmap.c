/* bpfmap.c - see bpfmap.h. */
#include "bpfmap.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "descriptors.h"

struct search {
	char name[BPF_OBJ_NAME_LEN];
	int map;
};

static bool describe(int map, struct bpf_map_info *info)
{
	union bpf_attr request = {
		.info = {.bpf_fd = (__u32)map, .info_len = sizeof(*info), .info = (__u64)(uintptr_t)info}};

	*info = (struct bpf_map_info){0};
	return syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &request, sizeof(request)) == 0;
}

/* One number, for which all CPUs have the same place? */
static bool is_wanted(int map, void *data)
{
	struct search *search = data;
	struct bpf_map_info info;

	if (!describe(map, &info) || strcmp(info.name, search->name) != 0 ||
	    (info.type != BPF_MAP_TYPE_HASH && info.type != BPF_MAP_TYPE_ARRAY) ||
	    info.key_size > sizeof(uint64_t) || info.value_size > sizeof(uint64_t))
		return false;
	search->map = map;
	return true;
}

int bpfmap_open(int pidfd, pid_t pid, const char *name)
{
	struct search search = {.map = -1};

	snprintf(search.name, sizeof(search.name), "AT_%s", name);
	int refused = descriptors_visit(pidfd, pid, "bpf-map", is_wanted, &search);

	if (search.map < 0)
		errno = refused ? refused : ENOENT;
	return search.map;
}

uint64_t bpfmap_number(int map)
{
	uint64_t key = 0, value = 0;
	union bpf_attr request = {
		.map_fd = (__u32)map, .key = (__u64)(uintptr_t)&key, .value = (__u64)(uintptr_t)&value};

	return syscall(SYS_bpf, BPF_MAP_LOOKUP_ELEM, &request, sizeof(request)) == 0 ? value : 0;
}
