/* SPDX-License-Identifier: Apache-2.0 */
/* runtime-layout.c - see runtime-layout.h. What it says about Tokio is from the sources of 1.24.2, 1.43.1 and
 * 1.53.1. */
#include "tokio/runtime-layout.h"

#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <libiberty/libiberty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resolve/elf/module.h"
#include "tokio/runtime-table.h"
#include "tokio/rusttype.h"

/* Where paths begin: at a thread's context; HANDLES: at the handle of either, METRICS: at what either counts of a
 * worker. */
enum { MULTI_THREAD, CURRENT_THREAD, CONTEXTS, HANDLES = CONTEXTS, METRICS };

#define IN_ARC RUSTTYPE_IN_ARC
#define MT_H "worker" IN_ARC ".handle" IN_ARC
#define MT_R MT_H ".shared.remotes.data_ptr.*"
#define CT_H "handle" IN_ARC
#define POOL_JOBS "blocking_spawner.inner" IN_ARC ".shared.?queue"
#define CORE "core.value.value.?__0.*"

/* The path to each field, for rusttype_follow(). */
static const struct {
	int root;
	const char *path;
} paths[RUNTIME_FIELDS] = {
	[MT_CONTEXT_WORKER] = {MULTI_THREAD, "worker"},
	[MT_CONTEXT_CORE] = {MULTI_THREAD, "core.value.value"},
	[MT_WORKER_HANDLE] = {MULTI_THREAD, "worker" IN_ARC ".handle"},
	[MT_WORKER_INDEX] = {MULTI_THREAD, "worker" IN_ARC ".index"},
	[MT_CORE_LIFO] = {MULTI_THREAD, CORE ".lifo_slot"},
	[MT_CORE_QUEUE] = {MULTI_THREAD, CORE ".run_queue.inner"},
	[MT_REMOTES] = {MULTI_THREAD, MT_H ".shared.remotes.data_ptr"},
	[MT_REMOTES_COUNT] = {MULTI_THREAD, MT_H ".shared.remotes.length"},
	[MT_REMOTE_SIZE] = {MULTI_THREAD, MT_R ".#"},
	[MT_REMOTE_QUEUE] = {MULTI_THREAD, MT_R ".steal.__0"},
	[MT_QUEUE_HEAD] = {MULTI_THREAD, MT_R ".steal.__0" IN_ARC ".head"},
	[MT_QUEUE_TAIL] = {MULTI_THREAD, MT_R ".steal.__0" IN_ARC ".tail"},
	[MT_IDLE] = {MULTI_THREAD, MT_H ".shared.idle.state"},
	[MT_INJECTED] = {MULTI_THREAD, MT_H ".shared.inject.?len"},
	[MT_OWNER] = {MULTI_THREAD, MT_H ".shared.owned.id"},
	[MT_TASKS] = {MULTI_THREAD, MT_H ".shared.owned.list.count"},
	[MT_POOL] = {MULTI_THREAD, MT_H ".blocking_spawner.inner"},
	[MT_METRICS] = {MULTI_THREAD, MT_H ".shared.worker_metrics.data_ptr"},
	[MT_NAME] = {MULTI_THREAD, MT_H ".name.?pointer"},
	[MT_NAME_LENGTH] = {MULTI_THREAD, MT_H ".name.?len"},
	[MT_NAME_CAPACITY] = {MULTI_THREAD, MT_H ".name.?cap"},
	[CT_CONTEXT_HANDLE] = {CURRENT_THREAD, "handle"},
	[CT_CONTEXT_CORE] = {CURRENT_THREAD, "core.value.value"},
	[CT_CORE_QUEUE_HEAD] = {CURRENT_THREAD, CORE ".tasks.head"},
	[CT_CORE_QUEUE_TAIL] = {CURRENT_THREAD, CORE ".tasks.tail"},
	[CT_CORE_QUEUE_LEN] = {CURRENT_THREAD, CORE ".tasks.len"},
	[CT_CORE_QUEUE_CAP] = {CURRENT_THREAD, CORE ".tasks.buf.?cap"},
	[CT_INJECTED] = {CURRENT_THREAD, CT_H ".shared.inject.shared.len"},
	[CT_OWNER] = {CURRENT_THREAD, CT_H ".shared.owned.id"},
	[CT_TASKS] = {CURRENT_THREAD, CT_H ".shared.owned.list.count"},
	[CT_POOL] = {CURRENT_THREAD, CT_H ".blocking_spawner.inner"},
	[CT_METRICS] = {CURRENT_THREAD, CT_H ".shared.worker_metrics"},
	[CT_NAME] = {CURRENT_THREAD, CT_H ".name.?pointer"},
	[CT_NAME_LENGTH] = {CURRENT_THREAD, CT_H ".name.?len"},
	[CT_NAME_CAPACITY] = {CURRENT_THREAD, CT_H ".name.?cap"},
	[POOL_THREADS] = {HANDLES, "blocking_spawner.inner" IN_ARC ".metrics.num_threads"},
	[POOL_IDLE] = {HANDLES, "blocking_spawner.inner" IN_ARC ".metrics.num_idle_threads"},
	[POOL_QUEUED] = {HANDLES, "blocking_spawner.inner" IN_ARC ".metrics.queue_depth"},
	[POOL_CAP] = {HANDLES, "blocking_spawner.inner" IN_ARC ".thread_cap"},
	[POOL_JOBS_BUFFER] = {HANDLES, POOL_JOBS ".buf.?pointer"},
	[POOL_JOBS_HEAD] = {HANDLES, POOL_JOBS ".head"},
	[POOL_JOBS_TAIL] = {HANDLES, POOL_JOBS ".tail"},
	[POOL_JOBS_LEN] = {HANDLES, POOL_JOBS ".len"},
	[POOL_JOBS_CAP] = {HANDLES, POOL_JOBS ".buf.?cap"},
	[METRICS_SIZE] = {METRICS, "#"},
	[METRICS_BUSY] = {METRICS, "busy_duration_total"},
	[METRICS_PARKS] = {METRICS, "park_count"},
	[METRICS_UNPARKS] = {METRICS, "park_unpark_count"},
	[POOL_NAMER] = {HANDLES, "blocking_spawner.inner" IN_ARC ".thread_name.?pointer"},
};

static int32_t offset_of(const Dwarf_Die *const *contexts, int root, const char *path)
{
	static const char *const starts[][CONTEXTS] = {
		{MT_H, CT_H},
		{MT_H ".shared.worker_metrics.data_ptr.*", CT_H ".shared.worker_metrics"},
	};
	Dwarf_Die start, type;
	uint64_t offset;

	if (root < CONTEXTS)
		return contexts[root] && rusttype_follow(contexts[root], path, &type, &offset)
			       ? (int32_t)offset
			       : RUNTIME_UNKNOWN;
	for (int i = 0; i < CONTEXTS; i++)
		if (contexts[i] && rusttype_follow(contexts[i], starts[root - HANDLES][i], &start, &offset) &&
		    rusttype_follow(&start, path, &type, &offset))
			return (int32_t)offset;
	return RUNTIME_UNKNOWN;
}

void runtime_layout_of(const Dwarf_Die *multi_thread, const Dwarf_Die *current_thread,
		       struct runtime_layout *layout)
{
	const Dwarf_Die *const contexts[CONTEXTS] = {multi_thread, current_thread};
	bool any = false;

	for (int i = 0; i < RUNTIME_FIELDS; i++) {
		layout->at[i] = offset_of(contexts, paths[i].root, paths[i].path);
		any = any || layout->at[i] != RUNTIME_UNKNOWN;
	}
	strcpy(layout->how, any ? "DWARF" : "");
}

const char *runtime_layouts_find(struct module *module, const struct runtime_layout *told,
				 struct runtime_layouts *layouts)
{
	GElf_Addr bias;
	Elf *elf = module && module->dwfl ? dwfl_module_getelf(module->dwfl, &bias) : NULL;

	layouts->count = 0;
	if (!elf)
		return "its file cannot be read";
	if (*told->how) {
		layouts->layout[layouts->count++] = *told;
		return NULL;
	}
	return runtime_table(elf, layouts);
}

char *runtime_layout_row(const struct runtime_layout *layout)
{
	char *row = xstrdup("");

	for (int i = 0; i < RUNTIME_FIELDS; i++) {
		char *longer = xasprintf("%s%s%d", row, i ? ", " : "", (int)layout->at[i]);

		free(row);
		row = longer;
	}
	return row;
}
