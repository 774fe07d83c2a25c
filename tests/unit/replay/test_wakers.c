/* SPDX-License-Identifier: Apache-2.0 */
/* test_wakers.c - who ended a sleep, if it can be told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "replay/wakers.h"

#define TARGET 100

/* Who ended a sleep for this reason, if the kernel names thread 103 of the target. NULL: nobody. */
static const char *waker(enum reason reason, char how, const char *syscall)
{
	struct event e = {.kind = EVENT_SLEEP,
			  .state = how,
			  .other = {.pid = TARGET, .tid = 103, .comm = "tokio-runtime-w"}};
	struct block block = {0};

	waker_find(&(struct waker_facts){.event = &e, .syscall = syscall, .reason = reason, .pid = TARGET},
		   &block);
	return block.peer.comm;
}

static void a_device_has_no_waker(void **state)
{
	(void)state;
	assert_null(waker(REASON_FILE, 'D', "fdatasync"));
	assert_null(waker(REASON_PAGE_FAULT, 'D', NULL));
	assert_null(waker(REASON_SYSCALL, 'D', "sync"));
	assert_string_equal(waker(REASON_SYSCALL, 'S', "msgrcv"), "tokio-runtime-w");
	assert_string_equal(waker(REASON_LOCK, 'S', "futex"), "tokio-runtime-w");
	/* A process started by vfork() counts. */
	assert_string_equal(waker(REASON_CHILD, 'D', "vfork"), "tokio-runtime-w");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_has_no_waker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
