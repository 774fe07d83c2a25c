/* SPDX-License-Identifier: Apache-2.0 */
/* locate-runtimes.c - see locate-runtimes.h. */
#include "head/locate-runtimes.h"

#include <libiberty/libiberty.h>
#include <stdlib.h>

#include "tokio/layout.h"
#include "tokio/look.h"
#include "tokio/runtime.h"
#include "tokio/thread.h"

/* Is the thread's runtime where this layout has it? The process runs meanwhile. */
static enum tokio_match look(pid_t pid, const struct thread *thread, const struct tokio_layout *tokio,
			     const struct runtime_layout *layout, struct runtime_figures *figures)
{
	struct memory_reader memory = tokio_memory(&pid);
	uint64_t end = tls_block_end(pid, thread->thread_pointer, &tokio->block);
	enum tokio_match match = TOKIO_NOTHING;

	for (int tries = 0; end && tries < TOKIO_TRIES && match != TOKIO_AS_EXPECTED; tries++) {
		struct runtime_driver driver;

		if (runtime_driven(&memory, tokio, layout, end, &driver))
			match = runtime_read(&memory, layout, driver.handle, driver.multi_thread, figures)
					? TOKIO_AS_EXPECTED
					: TOKIO_NOT_AS_EXPECTED;
	}
	return match;
}

static bool fits(pid_t pid, const struct thread *threads, size_t count, const struct tokio_layout *tokio,
		 const struct runtime_layout *layout, struct runtime_figures *figures)
{
	bool seen = false, wrong = false;

	for (size_t i = 0; i < count && !wrong; i++) {
		enum tokio_match match = threads[i].watched && threads[i].thread_pointer
						 ? look(pid, &threads[i], tokio, layout, figures)
						 : TOKIO_NOTHING;

		seen |= match == TOKIO_AS_EXPECTED;
		wrong = match == TOKIO_NOT_AS_EXPECTED;
	}
	return seen && !wrong;
}

void locate_runtimes(pid_t pid, struct module *module, const struct runtime_layout *told,
		     const struct thread *threads, size_t count, struct tokio_layout *layout)
{
	struct runtime_layouts layouts;
	struct runtime_figures *figures = xmalloc(sizeof(*figures));

	if (runtime_layouts_find(module, told, &layouts))
		layouts.count = 0;
	for (size_t i = 0; i < layouts.count && !*layout->runtime.how; i++)
		if (fits(pid, threads, count, layout, &layouts.layout[i], figures))
			layout->runtime = layouts.layout[i];
	free(figures);
}
