/* SPDX-License-Identifier: Apache-2.0 */
/* faulty-libdw.c - a libdw that harms its users, for LD_PRELOAD. Depending on FAULT, reading debug info
 * crashes, takes too long, takes too much memory, waits a while, or runs an attacker's code; with FAULT_ALL,
 * reading build ids does so, too. Only processes with hud-resolver's filter are harmed. */
#include <dlfcn.h>
#include <elfutils/libdwelf.h>
#include <elfutils/libdwfl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Tries what an attacker's code might do to others, and says what of that works. */
static void hijacked(void)
{
	static int done;
	struct stat at;

	if (done++)
		return;
	for (int fd = 0; fd < 2; fd++)
		dprintf(2, "%d is %s\n", fd,
			fstat(fd, &at) == 0 && S_ISCHR(at.st_mode) && at.st_rdev == makedev(1, 3) ? "null"
												  : "more");
	dprintf(2, "2 is %s\n",
		isatty(2)				     ? "a terminal"
		: fstat(2, &at) == 0 && S_ISFIFO(at.st_mode) ? "a pipe"
							     : "more");
	dprintf(2, "signals: %s\n", syscall(SYS_tgkill, getppid(), getppid(), 0) == 0 ? "others" : "none");
	dprintf(2, "\033]0;owned\a\n");
}

static void fault(void)
{
	const char *how = getenv("FAULT");
	char name[16];

	/* Only hud-resolver's filter forbids this. */
	if (!how || prctl(PR_GET_NAME, name) == 0)
		return;
	if (strcmp(how, "hijacked") == 0)
		hijacked();
	else if (strcmp(how, "crashed") == 0)
		raise(SIGSEGV);
	else if (strcmp(how, "took too long") == 0)
		raise(SIGPROF);
	else if (strcmp(how, "waits") == 0)
		sleep(2);
	else
		_exit(1);
}

Dwarf *dwfl_module_getdwarf(Dwfl_Module *module, Dwarf_Addr *bias)
{
	Dwarf *(*real)(Dwfl_Module *, Dwarf_Addr *);

	fault();
	*(void **)&real = dlsym(RTLD_NEXT, "dwfl_module_getdwarf");
	return real(module, bias);
}

ssize_t dwelf_elf_gnu_build_id(Elf *elf, const void **id)
{
	ssize_t (*real)(Elf *, const void **);

	if (getenv("FAULT_ALL"))
		fault();
	*(void **)&real = dlsym(RTLD_NEXT, "dwelf_elf_gnu_build_id");
	return real(elf, id);
}
