/* SPDX-License-Identifier: Apache-2.0 */
/* answering.c - see answering.h. */
#include "sandbox/answering.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/clock.h"

#define HANGS_MS 1500 /* then the request is taken to hang: its asker has asked again or given up */
#define THREADS 8

static struct {
	pthread_mutex_t mutex;
	struct {
		uint64_t device;
		int64_t since; /* ms; 0: unused */
	} at[THREADS];
} asking = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* The file's device, without asking its file system. */
static uint64_t device_of(int fd)
{
	struct statx st;

	return statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &st) == 0
		       ? makedev(st.stx_dev_major, st.stx_dev_minor)
		       : 0;
}

int answering_begin(int fd)
{
	uint64_t device = device_of(fd);
	int64_t now = clock_ms();
	int located = -1;
	bool hangs = false;

	pthread_mutex_lock(&asking.mutex);
	for (int i = 0; i < THREADS; i++) {
		if (!asking.at[i].since)
			located = i;
		else if (asking.at[i].device == device && now - asking.at[i].since >= HANGS_MS)
			hangs = true;
	}
	if (!hangs && located >= 0) {
		asking.at[located].device = device;
		asking.at[located].since = now;
	}
	pthread_mutex_unlock(&asking.mutex);
	errno = ETIMEDOUT;
	return hangs ? -1 : located;
}

void answering_end(int noted)
{
	int error = errno;

	pthread_mutex_lock(&asking.mutex);
	asking.at[noted].since = 0;
	pthread_mutex_unlock(&asking.mutex);
	errno = error;
}
