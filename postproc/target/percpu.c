/* SPDX-License-Identifier: Apache-2.0 */
/* percpu.c - see percpu.h. BTF: Documentation/bpf/btf.rst of Linux 6.18. */
#include "target/percpu.h"

#include <fcntl.h>
#include <libiberty/libiberty.h>
#include <linux/btf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/grow.h"

#define DEPTH_MAX 4		   /* of members without a name */
#define LARGEST ((off_t)256 << 20) /* bytes; Debian's 7.2 has 5 MB */

struct btf {
	char *data;
	size_t length;
	struct btf_header header;
	uint32_t *type; /* by id: offset of its struct btf_type in `data` */
	uint32_t types;
};

static char *read_file(const char *path, size_t *length)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *data = NULL;

	*length = 0;
	if (fd >= 0 && !fstat(fd, &st) && st.st_size > 0 && st.st_size < LARGEST) {
		ssize_t got;

		data = xmalloc((size_t)st.st_size);
		while (*length < (size_t)st.st_size &&
		       (got = read(fd, data + *length, (size_t)st.st_size - *length)) > 0)
			*length += (size_t)got;
	}
	if (fd >= 0)
		close(fd);
	return data;
}

/* The size in bytes of what follows struct btf_type; -1 for an unknown kind. */
static long trailer(const struct btf_type *t)
{
	long count = BTF_INFO_VLEN(t->info);

	switch (BTF_INFO_KIND(t->info)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return 4;
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
	case BTF_KIND_DATASEC:
	case BTF_KIND_ENUM64:
		return count * 12;
	case BTF_KIND_ENUM:
	case BTF_KIND_FUNC_PROTO:
		return count * 8;
	default:
		return BTF_INFO_KIND(t->info) <= BTF_KIND_MAX ? 0 : -1;
	}
}

static bool index_types(struct btf *b)
{
	size_t at = (size_t)b->header.hdr_len + b->header.type_off, end = at + b->header.type_len;
	uint32_t room = 0;

	b->types = 1; /* 0 is void */
	for (struct btf_type t; at + sizeof(t) <= end; b->types++) {
		memcpy(&t, b->data + at, sizeof(t));
		long more = trailer(&t);

		if (more < 0 || at + sizeof(t) + (size_t)more > end)
			return false;
		GROW(b->type, room, b->types + 1);
		b->type[b->types] = (uint32_t)at;
		at += sizeof(t) + (size_t)more;
	}
	return b->types > 1;
}

static bool open_btf(struct btf *b, const char *path)
{
	b->data = read_file(path, &b->length);
	if (b->length < sizeof(b->header))
		return false;
	memcpy(&b->header, b->data, sizeof(b->header));
	const struct btf_header *h = &b->header;

	if (h->magic != BTF_MAGIC || h->version != BTF_VERSION ||
	    (uint64_t)h->hdr_len + h->type_off + h->type_len > b->length ||
	    (uint64_t)h->hdr_len + h->str_off + h->str_len > b->length)
		return false;
	return index_types(b);
}

/* Type `id`, and what follows it in *rest; kind 0 if there is none. */
static struct btf_type type_of(const struct btf *b, uint32_t id, const char **rest)
{
	struct btf_type t = {0};

	if (id && id < b->types) {
		memcpy(&t, b->data + b->type[id], sizeof(t));
		*rest = b->data + b->type[id] + sizeof(t);
	}
	return t;
}

static bool is_named(const struct btf *b, uint32_t name, const char *text)
{
	size_t length = strlen(text) + 1;

	return name < b->header.str_len && b->header.str_len - name >= length &&
	       !memcmp(b->data + b->header.hdr_len + b->header.str_off + name, text, length);
}

/* The id of the type with this kind and name, or 0. */
static uint32_t find_type(const struct btf *b, unsigned kind, const char *name)
{
	const char *rest;

	for (uint32_t id = 1; id < b->types; id++) {
		struct btf_type t = type_of(b, id, &rest);

		if (BTF_INFO_KIND(t.info) == kind && is_named(b, t.name_off, name))
			return id;
	}
	return 0;
}

/* Adds to *offset where (bytes) the struct or union `type` has the member of this name, also in members without
 * a name. Returns the member's type, or 0. */
static uint32_t find_member(const struct btf *b, uint32_t type, const char *name, uint32_t *offset,
			    unsigned depth)
{
	const char *rest = NULL;
	struct btf_type t = type_of(b, type, &rest);
	struct btf_member member;
	unsigned kind = BTF_INFO_KIND(t.info);

	if ((kind != BTF_KIND_STRUCT && kind != BTF_KIND_UNION) || depth == DEPTH_MAX)
		return 0;
	for (unsigned i = 0; i < BTF_INFO_VLEN(t.info); i++) {
		uint32_t found = 0, inside = 0;

		memcpy(&member, rest + i * sizeof(member), sizeof(member));
		if (is_named(b, member.name_off, name))
			found = member.type;
		else if (is_named(b, member.name_off, ""))
			found = find_member(b, member.type, name, &inside, depth + 1);
		if (!found)
			continue;
		*offset += BTF_MEMBER_BIT_OFFSET(member.offset) / 8 + inside;
		return found;
	}
	return 0;
}

static bool has_member(const struct btf *b, const char *structure, const char *name)
{
	uint32_t offset;

	return find_member(b, find_type(b, BTF_KIND_STRUCT, structure), name, &offset, 0);
}

/* Finds the variable of this name in section `section`. Returns false if it is not there. */
static bool find_variable(const struct btf *b, uint32_t section, const char *name, struct btf_var_secinfo *at)
{
	const char *rest = NULL, *unused;
	struct btf_type t = type_of(b, section, &rest);

	for (unsigned i = 0; i < BTF_INFO_VLEN(t.info); i++) {
		memcpy(at, rest + i * sizeof(*at), sizeof(*at));
		if (is_named(b, type_of(b, at->type, &unused).name_off, name))
			return true;
	}
	return false;
}

/* aarch64: each thread has a count of its own (arch/arm64/include/asm/preempt.h). */
static bool find_own_count(const struct btf *b, uint32_t *offset)
{
	uint32_t info;

	*offset = 0;
	info = find_member(b, find_type(b, BTF_KIND_STRUCT, "task_struct"), "thread_info", offset, 0);
	return info && find_member(b, info, "preempt_count", offset, 0);
}

static bool find_preempt_count(const struct btf *b, uint32_t section, struct percpu *p)
{
	struct btf_var_secinfo at;

	if (find_variable(b, section, "__preempt_count", &at))
		p->preempt_count = at.offset;
	else if (find_variable(b, section, "pcpu_hot", &at))
		/* Linux 6.2 to 6.14: behind the pointer to the thread (arch/x86/include/asm/current.h) */
		p->preempt_count = at.offset + 8;
	else if (!find_own_count(b, &p->preempt_count))
		return false;
	/* HARDIRQ_MASK and NMI_MASK of linux/preempt.h. If NMIs are counted separately, the bits below count
	 * disabled interrupts. */
	p->hard = find_variable(b, section, "nmi_nesting", &at) ? 0x1f000000 : 0xff0000;
	return true;
}

/* The timers by which threads sleep (kernel/time/timer.c): one base until Linux 6.8, two since 6.9. The last
 * of timer_bases has timers that must not wake a CPU; nothing sleeps by it. */
static bool find_timers(const struct btf *b, uint32_t section, struct percpu *p)
{
	struct btf_var_secinfo at;
	struct btf_array array = {0};
	const char *rest = NULL;

	if (!find_variable(b, section, "hrtimer_bases", &at))
		return false;
	p->hrtimer_bases = at.offset;
	if (!find_variable(b, section, "timer_bases", &at))
		return false;
	type_of(b, at.type, &rest); /* BTF_KIND_VAR */
	struct btf_type variable = type_of(b, at.type, &rest), type = type_of(b, variable.type, &rest);

	if (BTF_INFO_KIND(type.info) != BTF_KIND_ARRAY)
		return false;
	memcpy(&array, rest, sizeof(array));
	p->timer_base[0] = p->timer_base[1] = at.offset;
	if (array.nelems > 2)
		p->timer_base[1] += at.size / array.nelems;
	return true;
}

static bool find_all(const struct btf *b, struct percpu *p)
{
	uint32_t section = find_type(b, BTF_KIND_DATASEC, ".data..percpu");
	struct btf_var_secinfo at;

	if (!section || !has_member(b, "cfs_rq", "rq") || !has_member(b, "hrtimer_clock_base", "running") ||
	    !has_member(b, "timer_base", "running_timer") || !find_variable(b, section, "runqueues", &at))
		return false;
	p->runqueues = at.offset;
	return find_preempt_count(b, section, p) && find_timers(b, section, p);
}

bool percpu_read(const char *path, struct percpu *percpu)
{
	struct btf b = {0};
	bool known = open_btf(&b, path) && find_all(&b, percpu);

	free(b.type);
	free(b.data);
	return known;
}
