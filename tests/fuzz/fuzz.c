/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz.c - the fuzzers in one program: `fuzz NAME [LIBFUZZER'S OPTION]... CORPUS...`; `fuzz` alone lists the names.
 *
 * Built with FUZZ=1, by clang, libFuzzer has the main(). Otherwise its own main() runs files: `fuzz NAME [-variants=N] FILE...`.
 */
#include "fuzz.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

static const struct target {
	const char *name;
	void (*run)(const uint8_t *data, size_t size);
} targets[] = {
	{"stream", fuzz_stream}, {"formats", fuzz_formats}, {"diff", fuzz_diff},
	{"unpack", fuzz_unpack}, {"elf", fuzz_elf},	    {"unwind", fuzz_unwind},
	{"names", fuzz_names},	 {"maps", fuzz_maps},	    {"live", fuzz_live},
	{"record", fuzz_record}, {"answers", fuzz_answers},
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
	for (size_t i = 0; *argc > 1 && i < TARGETS; i++)
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
/* Reads the whole file, which the caller frees. Returns NULL if it cannot be read. */
static uint8_t *read_file(const char *path, size_t *size)
{
	FILE *in = fopen(path, "r");
	uint8_t *data = NULL;
	size_t got;

	*size = 0;
	do {
		data = realloc(data, *size + BUFSIZ);
		if (!data)
			abort();
		got = in ? fread(data + *size, 1, BUFSIZ, in) : 0;
		*size += got;
	} while (got);
	if (!in || ferror(in)) {
		perror(path);
		free(data);
		data = NULL;
	}
	if (in)
		fclose(in);
	return data;
}

/* Changes the bytes as a damaged file may differ: some are other ones, some are missing. Returns how many are left. The same seed
 * makes the same changes. */
static size_t damage(uint8_t *data, size_t size, uint64_t seed)
{
	uint64_t random = seed;

	for (uint64_t i = 0; i <= seed % 6 && size; i++) {
		random = random * 6364136223846793005U + 1442695040888963407U;
		size_t at = (size_t)(random >> 33) % size, length = (random >> 8) % 16;

		if (random >> 30 & 1) {
			data[at] = (uint8_t)(random >> 20);
		} else {
			length = length < size - at ? length : size - at;
			memmove(data + at, data + at + length, size - at - length);
			size -= length;
		}
	}
	return size;
}

/* Runs the file, and so many damaged variants of it. Says which one it runs, for the one that it does not survive. Returns 0, or -1 if the file
 * cannot be read. */
static int run_file(const char *path, unsigned long variants)
{
	for (unsigned long i = 0; i <= variants; i++) {
		size_t size;
		uint8_t *data = read_file(path, &size);

		if (!data)
			return -1;
		printf("%s variant %lu\n", path, i);
		fflush(stdout);
		if (i > 0)
			size = damage(data, size, i);
		LLVMFuzzerTestOneInput(data, size);
		free(data);
	}
	return 0;
}

int main(int argc, char **argv)
{
	unsigned long variants = 0;
	int failed = 0;

	LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++)
		if (!strncmp(argv[i], "-variants=", 10))
			variants = strtoul(argv[i] + 10, NULL, 10);
		else
			failed |= run_file(argv[i], variants);
	return failed ? 1 : 0;
}
#endif
