/* SPDX-License-Identifier: Apache-2.0 */
/* locate-runtimes.h - where the runtimes of a live process keep their figures. */
#ifndef HUD_HEAD_LOCATE_RUNTIMES_H
#define HUD_HEAD_LOCATE_RUNTIMES_H

#include <stddef.h>
#include <sys/types.h>

struct module;
struct runtime_layout;
struct thread;
struct tokio_layout;

/* Sets layout->runtime: the known layout of this module's Tokio by which every thread that drives a runtime leads to
 * one. Leaves it if there is none. `told`: as of runtime_layouts_find(). */
void locate_runtimes(pid_t pid, struct module *module, const struct runtime_layout *told,
		     const struct thread *threads, size_t count, struct tokio_layout *layout);

#endif
