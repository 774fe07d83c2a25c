/* SPDX-License-Identifier: Apache-2.0 */
/* kernel.c - hud-postproc kernel: where the kernel keeps variables that the probes read but bpftrace cannot
 * find. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "command/command.h"
#include "sandbox/confine.h"
#include "target/percpu.h"

static const char usage[] = "usage: hud-postproc kernel\n"
			    "\n"
			    "Prints where this kernel keeps which interrupt a CPU handles, as parameters "
			    "of\nprobes/parts. Prints nothing if its BTF does not tell.\n";

int kernel_main(int argc, char **argv)
{
	struct percpu p;

	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return fputs(usage, stdout) < 0;
	if (argc != 1) {
		fputs(usage, stderr);
		return 2;
	}
	if (confine_to_nobody())
		return 1;
	if (percpu_read("/sys/kernel/btf/vmlinux", &p))
		printf("RUNQUEUES %" PRIu32 "\nPREEMPT_COUNT %" PRIu32 "\nHARD_INTERRUPTS %" PRIu32 "\n"
		       "HRTIMERS %" PRIu32 "\nTIMERS %" PRIu32 "\nMORE_TIMERS %" PRIu32 "\n",
		       p.runqueues, p.preempt_count, p.hard, p.hrtimer_bases, p.timer_base[0],
		       p.timer_base[1]);
	return 0;
}
