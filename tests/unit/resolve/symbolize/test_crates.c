/* SPDX-License-Identifier: Apache-2.0 */
/* test_crates.c - the crates that an executable names in its constants; this program plays the Rust
 * executable. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "resolve/elf/address-space.h"
#include "resolve/symbolize/crates.h"

/* As rustc writes them: in a row, with messages in between. */
__attribute__((used)) static const char constants[] =
	"called `Option::unwrap()` on a `None` value"
	"/home/me/.cargo/registry/src/index.crates.io-6f17d22bba15001f/acme-codec-0.3.1/src/de.rs"
	"/usr/share/cargo/registry/fixedbitset-0.4.2/src/lib.rsindex out of bounds"
	"/src/vendor/zebra_store/src/lib.rs"
	"/home/me/.cargo/git/checkouts/house-lib-0a1b2c3d4e5f6071/abcdef1/crates/a/src/lib.rs"
	"/build/reproducible-path/shop-1.0/debian/cargo_registry/linked-hash-map-0.5.4/src/lib.rs"
	"external/crates__yoke-0.7.4/src/lib.rs"
	"/usr/share/cargo/registry/test-crates-1.0.0/src/main.rs\0"
	"/vendor/orders/list\0"
	"/vendor/\0/cargo/registry/\0/cargo/registry//src/lib.rs";

static bool has(const struct crates *crates, const char *name)
{
	return crates_have(crates, name, strlen(name));
}

static void reads_the_constants(void **state)
{
	char exe[PATH_MAX], line[PATH_MAX + 128];
	ssize_t length = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	FILE *maps = fopen("/proc/self/maps", "re");
	(void)state;

	assert_true(length > 0);
	exe[length] = 0;
	assert_non_null(maps);
	struct space *space = space_new(&(struct space_options){.pid = getpid(), .exe = exe});
	while (fgets(line, sizeof(line), maps)) {
		unsigned long start, end, offset;
		char permissions[5];
		int path = 0;
		line[strcspn(line, "\n")] = 0;
		if (sscanf(line, "%lx-%lx %4s %lx %*s %*s %n", &start, &end, permissions, &offset, &path) ==
		    4)
			space_add(space, &(struct mapping){start, end, offset, permissions[2] == 'x',
							   line + path, ""});
	}
	fclose(maps);
	struct crates *crates = crates_read(space_main(space));
	assert_true(has(crates, "acme_codec"));
	assert_true(has(crates, "acme-codec"));
	assert_true(has(crates, "fixedbitset"));
	assert_true(has(crates, "zebra_store"));
	assert_true(has(crates, "house_lib"));
	assert_true(has(crates, "linked_hash_map"));
	assert_true(has(crates, "yoke"));
	assert_false(has(crates, "test_crates")); /* its own */
	assert_false(has(crates, "orders"));
	assert_false(has(crates, "acme"));
	assert_false(has(crates, ""));
	crates_free(crates);
	space_free(space);
}

static void is_empty_without_a_file(void **state)
{
	struct module module = {.path = "/usr/bin/app"};
	struct crates *crates = crates_read(&module);
	(void)state;

	assert_false(has(crates, "app"));
	crates_free(crates);
	crates = crates_read(NULL);
	assert_false(has(crates, "app"));
	crates_free(crates);
	crates_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_constants),
		cmocka_unit_test(is_empty_without_a_file),
	};

	return cmocka_run_group_tests_name("crates", tests, NULL, NULL);
}
