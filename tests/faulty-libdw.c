/* faulty-libdw.c - a libdw that its readers die of, for LD_PRELOAD: reading debug info crashes, takes too long, takes too much
 * memory, or waits a while, as FAULT says; reading build ids too with FAULT_ALL. Only in processes of which that is expected. */
#include <dlfcn.h>
#include <elfutils/libdwelf.h>
#include <elfutils/libdwfl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static void fault(void)
{
	const char *how = getenv("FAULT");
	char name[16];

	/* Only hud-resolver's filter forbids this. */
	if (!how || prctl(PR_GET_NAME, name) == 0)
		return;
	if (strcmp(how, "crashed") == 0)
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
