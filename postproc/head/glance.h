/* SPDX-License-Identifier: Apache-2.0 */
/* glance.h - a quick look at a process: which Tokio it has, how many workers, and how busy and how blocked they are.
 *
 * No thread is stopped and no probe placed: the state that Tokio keeps is read from the process's memory, 50 times in a second.
 */
#ifndef HUD_HEAD_GLANCE_H
#define HUD_HEAD_GLANCE_H

#include <stdio.h>

/* Writes one line about process `pid`:
 *
 *     glance VERSION WORKERS CURRENT-THREADS BUSY BLOCKED
 *
 * VERSION is Tokio's, BUSY the share of looks (in percent) that found a worker in a poll, BLOCKED of those in which it was still
 * in the same poll as 20 ms before. `-` stands for what is not known; or
 *
 *     glance none
 *
 * if it has no Tokio. `confine` gives up the rights of the process that reads its files. Returns as head_write(). */
int glance_write(FILE *out, long pid, int (*confine)(void));

#endif
