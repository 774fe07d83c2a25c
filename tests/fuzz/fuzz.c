/* fuzz.c - the fuzzers in one program: `fuzz NAME [LIBFUZZER'S OPTION]... CORPUS...`; `fuzz` alone lists the names.
 *
 * Built with FUZZ=1, by clang, libFuzzer has the main(). Without, it has one of its own, which runs files once: for valgrind.
 */
#include "fuzz.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

static const struct target {
	const char *name;
	void (*run)(const uint8_t *data, size_t size);
} targets[] = {
	{"stream", fuzz_stream}, {"formats", fuzz_formats}, {"diff", fuzz_diff},   {"unpack", fuzz_unpack},
	{"elf", fuzz_elf},	 {"unwind", fuzz_unwind},   {"names", fuzz_names}, {"maps", fuzz_maps},
};

#define TARGETS (sizeof(targets) / sizeof(*targets))

static const struct target *target;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	target->run(data, size);
	return 0;
}

/* Takes the name out of the arguments. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	setlocale(LC_CTYPE, "C.UTF-8");
	for (size_t i = 0; i<TARGETS && * argc> 1; i++)
		if (!strcmp((*argv)[1], targets[i].name))
			target = &targets[i];
	if (!target) {
		for (size_t i = 0; i < TARGETS; i++)
			puts(targets[i].name);
		exit(*argc > 1 ? 2 : 0);
	}
	memmove(*argv + 1, *argv + 2, (size_t)(*argc - 1) * sizeof(**argv));
	--*argc;
	return 0;
}

#ifndef FUZZ
/* Runs each file once. Returns 0, or -1 if it cannot be read. */
static int run_file(const char *path)
{
	FILE *in = fopen(path, "r");
	uint8_t *data = NULL;
	size_t size = 0, got;

	do {
		data = realloc(data, size + BUFSIZ);
		if (!data)
			abort();
		got = in ? fread(data + size, 1, BUFSIZ, in) : 0;
		size += got;
	} while (got);
	int failed = !in || ferror(in) ? -1 : 0;

	if (failed)
		perror(path);
	else
		LLVMFuzzerTestOneInput(data, size);
	free(data);
	if (in)
		fclose(in);
	return failed;
}

int main(int argc, char **argv)
{
	int failed = 0;

	LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++)
		failed |= run_file(argv[i]);
	return failed ? 1 : 0;
}
#endif
