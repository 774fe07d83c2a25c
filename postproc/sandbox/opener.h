/* SPDX-License-Identifier: Apache-2.0 */
/* opener.h - opens ELF files of the target for a process that may not do so itself.
 *
 * It opens only regular files, read-only, that are ELF but no core dumps, and the target's map of generated
 * functions. So a process that hostile input has taken over can read no secrets through it.
 */
#ifndef HUD_SANDBOX_OPENER_H
#define HUD_SANDBOX_OPENER_H

/* Starts a helper that opens files for opener_open(): files of the process `pid` (0: none), and others by
 * their path. Returns 0, or -1 after a message. */
int opener_start(long pid);

/* The descriptor to ask through, which a forked process must keep open; -1 if the helper does not run. */
int opener_descriptor(void);

/* Ends the helper. */
void opener_end(void);

/* Opens the ELF file `path`. /proc/PID/map_files/LO-HI is the file mapped there; below /proc/PID/root/, no
 * link leads out of PID's root; /proc/PID/root/tmp/perf-PID.map is the file that PID writes, under the id of
 * its own namespace, and must belong to PID's user and be no link. FIFOs and devices are never opened.
 * Returns a descriptor (close-on-exec) that the caller closes; or -1 with errno set (ENOEXEC: a file, but not
 * ELF; ETIMEDOUT: its file system did not answer). */
int opener_open(const char *path);

#endif
