/* SPDX-License-Identifier: Apache-2.0 */
/* role.h - what a thread does for Tokio. */
#ifndef HUD_TOKIO_ROLE_H
#define HUD_TOKIO_ROLE_H

/* What a thread does for Tokio while it has this stack. */
enum role {
	ROLE_UNKNOWN,	     /* the stack does not tell (cut, or no symbols) */
	ROLE_WORKER,	     /* runs a multi-thread scheduler */
	ROLE_CURRENT_THREAD, /* runs a current-thread scheduler */
	ROLE_MAIN_FUTURE, /* polls the future of a multi-thread runtime's block_on: the body of #[tokio::main] */
	ROLE_BLOCKING,	  /* runs spawn_blocking closures, and may block */
	ROLE_OTHER,	  /* has no frame of Tokio's */
};

/* "worker", "current-thread", "main-future", "blocking-pool", "other", "unknown". */
const char *role_name(enum role role);

#endif
