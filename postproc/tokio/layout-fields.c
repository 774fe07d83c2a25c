/* SPDX-License-Identifier: Apache-2.0 */
/* layout-fields.c - see layout-fields.h. */
#include "tokio/layout-fields.h"

#include <inttypes.h>
#include <libiberty/libiberty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A member of struct tokio_layout. postproc/README.md lists what else a new one needs. */
#define FIELD(name, member)                                                                                  \
	{                                                                                                    \
		name, offsetof(struct tokio_layout, member), sizeof(((struct tokio_layout *)0)->member)      \
	}

/* In the order in which poll.bt takes them: a new one comes last. */
static const struct {
	const char *name;
	size_t offset, size;
} fields[] = {
	FIELD("id-at", id),
	FIELD("id-tag-at", id_tag),
	FIELD("budget-at", budget),
	FIELD("tagged", tagged),
	FIELD("tag-at", tag),
	FIELD("mt-known", multi_thread.known),
	FIELD("mt-at", multi_thread.pointer),
	FIELD("mt-tag", multi_thread.tag),
	FIELD("mt-core", multi_thread.core),
	FIELD("mt-tick", multi_thread.counter),
	FIELD("mt-idle", multi_thread.idle),
	FIELD("mt-parked", multi_thread.idle_value),
	FIELD("ct-known", current_thread.known),
	FIELD("ct-at", current_thread.pointer),
	FIELD("ct-tag", current_thread.tag),
	FIELD("ct-core", current_thread.core),
	FIELD("ct-tick", current_thread.counter),
	FIELD("ct-idle", current_thread.idle),
	FIELD("ct-parked", current_thread.idle_value),
	FIELD("module", block.module),
	FIELD("dtv-entry", block.entry),
	FIELD("block", block.size),
	FIELD("mt-queue", queues.queue),
	FIELD("mt-head", queues.head),
	FIELD("mt-tail", queues.tail),
	FIELD("mt-lifo", queues.lifo),
	FIELD("mt-lifo-shared", queues.lifo_shared),
	FIELD("mt-worker", queues.worker),
	FIELD("mt-handle", queues.handle),
	FIELD("mt-inject", queues.inject),
	FIELD("mt-unparked", queues.unparked),
	FIELD("mt-workers", queues.workers),
};

/* Reads a member of 1, 4 or 8 bytes. */
static uint64_t get(const void *member, size_t size)
{
	return size == sizeof(bool)	  ? *(const bool *)member
	       : size == sizeof(uint32_t) ? *(const uint32_t *)member
					  : *(const uint64_t *)member;
}

static void set(void *member, size_t size, uint64_t value)
{
	if (size == sizeof(bool))
		*(bool *)member = value != 0;
	else if (size == sizeof(uint32_t))
		*(uint32_t *)member = (uint32_t)value;
	else
		*(uint64_t *)member = value;
}

/* The offsets of a runtime's figures: one word. */
static void write_runtime(FILE *out, const struct runtime_layout *layout)
{
	for (size_t i = 0; i < RUNTIME_FIELDS; i++)
		fprintf(out, "%s%" PRId32, i ? "," : "runtime=", layout->at[i]);
	putc(' ', out);
}

/* Reads what write_runtime() wrote. Returns false if it is not that. */
static bool read_runtime(const char *value, struct runtime_layout *layout)
{
	for (size_t i = 0; i < RUNTIME_FIELDS; i++) {
		char *end;
		long offset = strtol(value, &end, 10);

		if (end == value || offset < RUNTIME_SEARCHED || offset > INT32_MAX ||
		    *end != (i + 1 < RUNTIME_FIELDS ? ',' : ' '))
			return false;
		layout->at[i] = (int32_t)offset;
		value = end + 1;
	}
	strcpy(layout->how, "told");
	return true;
}

char *tokio_layout_fields(const struct tokio_layout *layout)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		xmalloc_failed(0);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		fprintf(out, "%s=%" PRIu64 " ", fields[i].name,
			get((const char *)layout + fields[i].offset, fields[i].size));
	if (*layout->runtime.how)
		write_runtime(out, &layout->runtime);
	fprintf(out, "how=%s", layout->how);
	if (fclose(out))
		xmalloc_failed(0);
	return text;
}

/* The value of the field with this name, or NULL. */
static const char *find(const char *text, const char *name)
{
	size_t length = strlen(name);

	while (text && (strncmp(text, name, length) != 0 || text[length] != '=')) {
		text = strchr(text, ' ');
		text += text != NULL;
	}
	return text ? text + length + 1 : NULL;
}

bool tokio_read(const char *text, struct tokio_layout *layout)
{
	*layout = (struct tokio_layout){0};
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const char *value = find(text, fields[i].name);
		char *end;

		if (!value || *value < '0' || *value > '9')
			return false;
		set((char *)layout + fields[i].offset, fields[i].size, strtoull(value, &end, 10));
		if (*end && *end != ' ')
			return false;
	}
	const char *runtime = find(text, "runtime");

	return !runtime || read_runtime(runtime, &layout->runtime);
}
