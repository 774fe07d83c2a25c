/* advice.c - see advice.h. */
#include "report/advice.h"

#include "judge/reasons.h"

const char *reason_advice(const struct blocker *blocker)
{
	/* Thread 0 is the idle one: the CPU was free, but the worker was not let on it. */
	if (blocker->reason != REASON_RUN_QUEUE || blocker->parties == 0 || blocker->party[0].tid == 0)
		return reason_info(blocker->reason)->advice;
	if (blocker->party[0].same_process)
		return "This process competes with itself: more busy threads than CPUs. Run fewer worker or "
		       "blocking threads, bound the CPU-heavy pool, or give the process more CPUs.";
	return "CPU pressure from another process: not your code. Give this service CPUs of its own (cpuset, "
	       "weight, nice), or move the other load away.";
}
