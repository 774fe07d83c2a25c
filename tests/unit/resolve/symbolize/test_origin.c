/* SPDX-License-Identifier: Apache-2.0 */
/* test_origin.c - whose code a frame is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "resolve/symbolize/origin.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static enum origin of_path(const char *file)
{
	return origin_of(&(struct origin_facts){
		.file = file, .function = "x::y", .rust = true, .main = true, .mapped = true});
}

static void by_path(void **state)
{
	static const struct {
		const char *file;
		enum origin origin;
	} cases[] = {
		/* std of rustup, of Debian, and in a toolchain's rust-src */
		{"/rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/core/src/option.rs", ORIGIN_STD},
		{"/rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/src/libstd/thread.rs", ORIGIN_STD},
		{"/rust/deps/hashbrown-0.15.2/src/raw.rs", ORIGIN_STD},
		{"/usr/src/rustc-1.63.0/library/std/src/thread/mod.rs", ORIGIN_STD},
		{"/usr/src/rustc-1.63.0/vendor/gimli-0.25.0/src/read.rs", ORIGIN_STD},
		{"/home/me/.rustup/toolchains/stable/lib/rustlib/src/rust/library/alloc/src/vec.rs",
		 ORIGIN_STD},
		/* registries */
		{"/home/me/.cargo/registry/src/index.crates.io-6f17d22bba15001f/hyper-0.14.19/src/lib.rs",
		 ORIGIN_DEPENDENCY},
		{"/home/me/.cargo/registry/src/github.com-1ecc6299db9ec823/tokio-1.43.1/src/task.rs",
		 ORIGIN_RUNTIME},
		{"/home/me/.cargo/registry/src/github.com-1ecc6299db9ec823/futures-util-0.3.21/src/lib.rs",
		 ORIGIN_RUNTIME},
		{"/usr/local/cargo/registry/src/index.crates.io-6f17d22bba15001f/tokio-util-0.7.3/src/lib.rs",
		 ORIGIN_RUNTIME},
		{"/home/me/.cargo/registry/src/github.com-1ecc6299db9ec823/tokio-postgres-0.7.1/src/lib.rs",
		 ORIGIN_DEPENDENCY},
		{"/home/me/.cargo/registry/src/github.com-1ecc6299db9ec823/sha-1-0.9.8/src/lib.rs",
		 ORIGIN_DEPENDENCY},
		{"/usr/share/cargo/registry/mio-0.8.4/src/poll.rs", ORIGIN_RUNTIME},
		{"/usr/share/cargo/registry/bytes-1.2.1/src/bytes.rs", ORIGIN_DEPENDENCY},
		/* distributions and other build systems */
		{"/build/reproducible-path/sccache-0.4.0/debian/cargo_registry/tokio-1.24.2/src/park.rs",
		 ORIGIN_RUNTIME},
		{"/usr/src/packages/BUILD/debian/cargo_registry/bb8-0.8.1/src/lib.rs", ORIGIN_DEPENDENCY},
		{"debian/rust-vendor/serde_json/src/de.rs", ORIGIN_DEPENDENCY},
		{"/build/cargo-vendor-dir/mio-1.0.2/src/poll.rs", ORIGIN_RUNTIME},
		{"/nix/store/0c5ksr5ad0wq7b1r3l1q1zvpxd1hq4ww-cargo-vendor-dir/tower-0.4.13/src/lib.rs",
		 ORIGIN_DEPENDENCY},
		{"/nix/store/0c5ksr5ad0wq7b1r3l1q1zvpxd1hq4ww-vendor-cargo-deps/c19b7c6f923b58/tokio-1.38.0/"
		 "src/"
		 "lib.rs",
		 ORIGIN_RUNTIME},
		{"/build/vector-0.40.0-vendor.tar.gz/house-metrics/src/lib.rs", ORIGIN_DEPENDENCY},
		{"/build/source/../atuin-vendor/tokio/src/runtime/park.rs", ORIGIN_RUNTIME},
		{"/nix/store/0c5ksr5ad0wq7b1r3l1q1zvpxd1hq4ww-tokio-1.38.0/src/lib.rs", ORIGIN_DEPENDENCY},
		{"/build/tokio-1.38.0/src/lib.rs", ORIGIN_RUNTIME},
		{"/build/rustc-1.77.2-src/library/std/src/thread/mod.rs", ORIGIN_STD},
		{"/home/buildozer/aports/community/rust/src/rustc-1.71.1-src/vendor/gimli-0.27.2/src/lib.rs",
		 ORIGIN_STD},
		{"/var/tmp/portage/app-misc/x-1/work/cargo_home/gentoo/hyper-1.5.0/src/lib.rs",
		 ORIGIN_DEPENDENCY},
		{"/wrkdirs/usr/ports/www/x/work/x-1.0/cargo-crates/futures-util-0.3.30/src/lib.rs",
		 ORIGIN_RUNTIME},
		{"external/crate_index__tokio-1.28.0/src/runtime/park.rs", ORIGIN_RUNTIME},
		{"/proc/self/cwd/external/rules_rust~~crate~crates__house-db-1.2.0/src/lib.rs",
		 ORIGIN_DEPENDENCY},
		{"/x/execroot/_main/external/rules_rust++crate+crates__hyper-1.5.0/src/lib.rs",
		 ORIGIN_DEPENDENCY},
		{"external/raze__tokio_util__0_7_3/src/lib.rs", ORIGIN_RUNTIME},
		{"/b/s/w/ir/third_party/rust/chromium_crates_io/vendor/serde-v1/src/lib.rs",
		 ORIGIN_DEPENDENCY},
		{"/builds/worker/checkouts/gecko/third_party/rust/tokio/src/park.rs", ORIGIN_RUNTIME},
		{"/re_cwd/third-party/vendor/tokio-1.43.1/src/park.rs", ORIGIN_RUNTIME},
		{"external/rust/crates/tokio/src/park.rs", ORIGIN_RUNTIME},
		/* trimmed paths: of std's dependencies, and of the program's */
		{"/cargo/registry/src/index.crates.io-6f17d22bba15001f/gimli-0.31.1/src/lib.rs", ORIGIN_STD},
		{"/cargo/registry/src/index.crates.io-6f17d22bba15001f/tokio-1.43.1/src/lib.rs",
		 ORIGIN_RUNTIME},
		{"registry/src/index.crates.io-6f17d22bba15001f/tokio-1.43.1/src/lib.rs", ORIGIN_RUNTIME},
		{"/deps/tokio-1.43.1/src/task.rs", ORIGIN_RUNTIME},
		{"/deps/reqwest-0.12.9/src/lib.rs", ORIGIN_DEPENDENCY},
		/* git checkouts and vendor directories */
		{"/home/me/.cargo/git/checkouts/tokio-0a1b2c3d4e5f6071/abcdef1/tokio/src/lib.rs",
		 ORIGIN_RUNTIME},
		{"/home/me/.cargo/git/checkouts/my-lib-0a1b2c3d4e5f6071/abcdef1/src/lib.rs",
		 ORIGIN_DEPENDENCY},
		{"/src/vendor/mio/src/poll.rs", ORIGIN_RUNTIME},
		{"/src/vendor/serde_json-1.0.1/src/de.rs", ORIGIN_DEPENDENCY},
		{"vendor/serde_json/src/de.rs", ORIGIN_DEPENDENCY},
		{"tokio-1.43.1/src/task.rs", ORIGIN_RUNTIME},
		/* everything else is the user's */
		{"/home/me/app/src/main.rs", ORIGIN_USER},
		{"/home/me/app/src/vendor/orders.rs", ORIGIN_USER},
		{"/home/me/app/src/vendor/orders/list.rs", ORIGIN_USER},
		{"/home/me/app/src/external/api__v2.rs", ORIGIN_USER},
		{"/home/me/app/src/external/api/client.rs", ORIGIN_USER},
		{"src/main.rs", ORIGIN_USER},
		{"/home/me/library/core/src/main.rs", ORIGIN_USER},
	};
	(void)state;

	for (size_t i = 0; i < COUNT(cases); i++)
		if (of_path(cases[i].file) != cases[i].origin)
			fail_msg("%s is %s", cases[i].file, origin_name(of_path(cases[i].file)));
}

/* A crate's folder is named with its version, wherever it is; the program's own folder may be, too. */
static void packages(void **state)
{
	static const struct {
		const char *file, *home, *function;
		enum origin origin;
	} cases[] = {
		{"/srv/mirror/house-db-0.14.19/src/lib.rs", NULL, "house_db::get", ORIGIN_DEPENDENCY},
		{"/srv/mirror/house-db-0.14.19/src/lib.rs", "/home/me/app", "house_db::get",
		 ORIGIN_DEPENDENCY},
		{"/home/me/app/crates/house-db-0.14.19/src/a/b.rs", "/home/me/app", "house_db::get",
		 ORIGIN_DEPENDENCY},
		{"/home/me/app-1.2.0/3rd/house-db-2.0.0/src/a.rs", "/home/me/app-1.2.0", "house_db::get",
		 ORIGIN_DEPENDENCY},
		{"/home/me/app-1.2.0/src/main.rs", "/home/me/app-1.2.0", "app::main", ORIGIN_USER},
		{"/home/me/app-1.2.0/src/main.rs", "/home/me/app-1.2.0/", "app::main", ORIGIN_USER},
		{"/build/reproducible-path/sccache-0.4.0/src/server.rs",
		 "/build/reproducible-path/sccache-0.4.0", "sccache::main", ORIGIN_USER},
		{"/home/me/app-1.2.0-rc/src/main.rs", "/home/me/app-1.2.0", "app::main", ORIGIN_DEPENDENCY},
		/* known by its name, in a folder without a version */
		{"/opt/3rd/hyper/src/lib.rs", NULL, "hyper::serve", ORIGIN_DEPENDENCY},
		{"/opt/3rd/house/src/lib.rs", NULL, "house::serve", ORIGIN_USER},
		/* but not in the workspace, where a member may have that name */
		{"/home/me/app/metrics/src/lib.rs", "/home/me/app", "metrics::count", ORIGIN_USER},
		{"metrics/src/lib.rs", NULL, "metrics::count", ORIGIN_USER},
		/* no package's sources, but a folder of data, say */
		{"/home/me/v-1.2/app/src/main.rs", NULL, "app::main", ORIGIN_USER},
	};
	(void)state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		enum origin origin = origin_of(&(struct origin_facts){.file = cases[i].file,
								      .home = cases[i].home,
								      .function = cases[i].function,
								      .rust = true,
								      .main = true,
								      .mapped = true});

		if (origin != cases[i].origin)
			fail_msg("%s in %s is %s", cases[i].file, cases[i].home ? cases[i].home : "nothing",
				 origin_name(origin));
	}
}

static void by_name(void **state)
{
	static const struct {
		const char *function;
		bool rust, main;
		enum origin origin;
	} cases[] = {
		/* functions made to drop values: whose values */
		{"core::ptr::drop_in_place<demo::Conn>", true, true, ORIGIN_USER},
		{"core::ptr::drop_in_place::<alloc::vec::Vec<demo::Item>>", true, true, ORIGIN_USER},
		{"core::ptr::drop_glue::<demo::serve::{closure#0}>", true, true, ORIGIN_USER},
		{"<alloc::sync::Arc<demo::Cache>>::drop_slow", true, true, ORIGIN_USER},
		{"core::ptr::drop_in_place<alloc::vec::Vec<alloc::string::String>>", true, true, ORIGIN_STD},
		{"core::ptr::drop_in_place<tokio::runtime::task::core::Stage<demo::serve::{{closure}}>>",
		 true, true, ORIGIN_RUNTIME},
		{"core::ptr::drop_in_place<core::option::Option<hyper::Body>>", true, true,
		 ORIGIN_DEPENDENCY},
		{"<alloc::boxed::Box<demo::X> as core::ops::Drop>::drop", true, true, ORIGIN_STD},
		{"std::thread::park", true, true, ORIGIN_STD},
		{"compiler_builtins::mem::memcpy", true, true, ORIGIN_STD},
		{"__rustc::__rust_alloc", true, true, ORIGIN_STD},
		{"tokio::runtime::task::raw::poll", true, true, ORIGIN_RUNTIME},
		{"mio::poll::Poll::poll", true, true, ORIGIN_RUNTIME},
		{"<futures_util::future::Map<F, G> as core::future::Future>::poll", true, true,
		 ORIGIN_RUNTIME},
		{"hyper::proto::h1::dispatch::Dispatcher<D,B>::poll", true, true, ORIGIN_DEPENDENCY},
		{"<serde_json::Value as core::fmt::Display>::fmt", true, true, ORIGIN_DEPENDENCY},
		{"tokio_rustls::client::connect", true, true, ORIGIN_DEPENDENCY},
		{"demo::api::hash", true, true, ORIGIN_USER},
		{"<demo::Conn as core::future::Future>::poll", true, true, ORIGIN_USER},
		{"<&mut demo::Conn as core::future::Future>::poll", true, true, ORIGIN_USER},
		{"<&'a mut [demo::Conn] as core::fmt::Debug>::fmt", true, true, ORIGIN_USER},
		{"<T as demo::Serve>::serve", true, true, ORIGIN_USER},
		{"<u32 as core::fmt::Debug>::fmt", true, true, ORIGIN_STD},
		{"demo::api::<impl core::fmt::Debug for T>::fmt", true, true, ORIGIN_USER},
		{"<hyper::server::Conn<lab::Svc> as core::future::Future>::poll", true, true,
		 ORIGIN_DEPENDENCY},
		{"<lab::Foo as serde::Serialize>::serialize", true, true, ORIGIN_USER},
		{"lab::work::_::<impl serde::ser::Serialize for lab::work::Item>::serialize", true, true,
		 ORIGIN_USER},
		{"serde::ser::impls::<impl serde::ser::Serialize for alloc::vec::Vec<T>>::serialize", true,
		 true, ORIGIN_DEPENDENCY},
		{"<core::pin::Pin<P> as core::future::Future>::poll", true, true, ORIGIN_STD},
		{"<F as tower::Service>::call", true, true, ORIGIN_DEPENDENCY},
		{"<&mut T as hyper::body::HttpBody>::poll_data", true, true, ORIGIN_DEPENDENCY},
		{"plugin::run", true, false, ORIGIN_USER},
		/* C, C++, and the code around main */
		{"epoll_wait", false, false, ORIGIN_SYSTEM},
		{"std::string::append", false, false, ORIGIN_SYSTEM},
		{"epoll_wait", false, true, ORIGIN_SYSTEM},
		{"_start", false, true, ORIGIN_SYSTEM},
		{"main", false, true, ORIGIN_STD},
		{"rust_begin_unwind", false, true, ORIGIN_STD},
		{"__rust_alloc", false, true, ORIGIN_STD},
	};
	(void)state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		enum origin origin = origin_of(&(struct origin_facts){.function = cases[i].function,
								      .rust = cases[i].rust,
								      .main = cases[i].main,
								      .mapped = true});
		if (origin != cases[i].origin)
			fail_msg("%s is %s", cases[i].function, origin_name(origin));
	}
}

/* The symbol tells where the code is written, the demangled name only its types. */
static void by_symbol(void **state)
{
	static const struct {
		const char *symbol, *function;
		enum origin named, origin; /* by the name alone; with the symbol */
	} cases[] = {
		{"_RINvMNtCsgEmfK2I1SDS_4core5sliceSh11copy_withinINtNtNtB5_3ops5range14RangeInclusivejEECs_"
		 "1a",
		 "<[u8]>::copy_within::<core::ops::range::RangeInclusive<usize>>", ORIGIN_USER, ORIGIN_STD},
		{"_RNvMs9_NtCsgEmfK2I1SDS_4core3numy12wrapping_add", "<u64>::wrapping_add", ORIGIN_USER,
		 ORIGIN_STD},
		{"_RNvXs1_NtCsgEmfK2I1SDS_4core3fmtRNtNtCsH5YeTtDjHt_3lab4work4ItemNtB6_5Debug3fmt",
		 "<&lab::work::Item as core::fmt::Debug>::fmt", ORIGIN_USER, ORIGIN_STD},
		{"_RNvXNtCsH5YeTtDjHt_3lab4workNtB2_4ItemNtNtCs1_5serde3ser9Serialize9serialize",
		 "<lab::work::Item as serde::ser::Serialize>::serialize", ORIGIN_USER, ORIGIN_USER},
		{"_RNvXs_NtCs1_5serde3serINtNtCs2_5alloc3vec3VecNtCs3_3lab4ItemENtB4_9Serialize9serialize",
		 "<alloc::vec::Vec<lab::Item> as serde::ser::Serialize>::serialize", ORIGIN_STD,
		 ORIGIN_DEPENDENCY},
		{"_ZN3lab3api4hash17h0123456789abcdefE", "lab::api::hash", ORIGIN_USER, ORIGIN_USER},
	};
	(void)state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct origin_facts facts = {
			.function = cases[i].function, .rust = true, .main = true, .mapped = true};

		assert_int_equal(origin_of(&facts), cases[i].named);
		facts.symbol = cases[i].symbol;
		if (origin_of(&facts) != cases[i].origin)
			fail_msg("%s is %s", cases[i].symbol, origin_name(origin_of(&facts)));
	}
}

static bool is_acme(void *context, const char *crate, size_t length)
{
	(*(int *)context)++;
	return length == 4 && memcmp(crate, "acme", 4) == 0;
}

static void by_what_the_binary_says(void **state)
{
	int asked = 0;
	struct origin_facts facts = {.function = "<acme::Codec<demo::Item>>::read",
				     .rust = true,
				     .main = true,
				     .mapped = true,
				     .dependency = is_acme,
				     .context = &asked};
	(void)state;

	assert_int_equal(origin_of(&facts), ORIGIN_DEPENDENCY);
	facts.function = "demo::read";
	assert_int_equal(origin_of(&facts), ORIGIN_USER);
	assert_int_equal(asked, 2);
	/* It need not be asked if the crate is known, and a path in the workspace is better than what it
	 * says. */
	facts.function = "core::fmt::write";
	assert_int_equal(origin_of(&facts), ORIGIN_STD);
	facts.function = "acme::read";
	facts.file = "/home/me/acme/src/lib.rs";
	facts.home = "/home/me";
	assert_int_equal(origin_of(&facts), ORIGIN_USER);
	assert_int_equal(asked, 2);
	facts.home = "/home/me/app";
	assert_int_equal(origin_of(&facts), ORIGIN_DEPENDENCY);
	assert_int_equal(asked, 3);
}

static void by_the_users_word(void **state)
{
	struct origin_facts facts = {.file = "/srv/mirror/house-db-0.14.19/src/lib.rs",
				     .function = "house_db::get",
				     .rust = true,
				     .main = true,
				     .mapped = true};
	(void)state;

	assert_int_equal(origin_of(&facts), ORIGIN_DEPENDENCY);
	assert_true(origin_choose("house-db", true));
	assert_int_equal(origin_of(&facts), ORIGIN_USER);
	assert_int_equal(origin_chosen("<house_db::A as x::B>::get", ORIGIN_DEPENDENCY), ORIGIN_USER);
	assert_int_equal(origin_chosen("house_dbs::get", ORIGIN_DEPENDENCY), ORIGIN_DEPENDENCY);
	facts = (struct origin_facts){.function = "core::ptr::drop_in_place<ours::Conn>",
				      .rust = true,
				      .main = true,
				      .mapped = true};
	assert_int_equal(origin_of(&facts), ORIGIN_USER);
	assert_true(origin_choose("ours", false));
	assert_int_equal(origin_of(&facts), ORIGIN_DEPENDENCY);
}

static void without_a_name(void **state)
{
	(void)state;
	assert_int_equal(origin_of(&(struct origin_facts){0}), ORIGIN_UNKNOWN);
	assert_int_equal(origin_of(&(struct origin_facts){.mapped = true, .main = true}), ORIGIN_UNKNOWN);
	assert_int_equal(origin_of(&(struct origin_facts){.mapped = true}), ORIGIN_SYSTEM);
}

static void c_code_in_the_executable(void **state)
{
	struct origin_facts facts = {.function = "compress", .main = true, .mapped = true};
	(void)state;

	facts.file = "/home/me/.cargo/registry/src/index.crates.io-6f17d22bba15001f/zstd-sys-2.0.1/zstd/lib/"
		     "compress.c";
	assert_int_equal(origin_of(&facts), ORIGIN_DEPENDENCY);
	facts.file = "/home/me/app/native/compress.c";
	assert_int_equal(origin_of(&facts), ORIGIN_USER);
	facts.file = "/build/glibc-abc/glibc-2.36/nptl/pthread_create.c";
	assert_int_equal(origin_of(&facts), ORIGIN_SYSTEM);
	facts.file = "../sysdeps/unix/sysv/linux/epoll_wait.c";
	assert_int_equal(origin_of(&facts), ORIGIN_SYSTEM);
}

/* The path of Rust's own code wins over the crate's name; a macro's path loses against the user's. */
static void macros_and_checkouts(void **state)
{
	struct origin_facts facts = {.rust = true, .main = true, .mapped = true, .function = "demo::handler"};
	const char *tokio = "/home/me/.cargo/registry/src/index.crates.io-6f17d22bba15001f/tokio-1.43.1/src/"
			    "macros/select.rs";
	(void)state;

	facts.file = "/home/me/app/src/main.rs";
	facts.position = tokio;
	assert_int_equal(origin_of(&facts), ORIGIN_USER);
	facts.file = tokio;
	facts.position = "/home/me/app/src/main.rs";
	assert_int_equal(origin_of(&facts), ORIGIN_USER);
	facts.position = tokio;
	assert_int_equal(origin_of(&facts), ORIGIN_RUNTIME);
	facts.position = NULL;
	facts.file = "/home/me/tokio/tokio/src/task.rs";
	facts.function = "tokio::task::poll";
	assert_int_equal(origin_of(&facts), ORIGIN_RUNTIME);
}

static void files_of_the_c_library(void **state)
{
	static const char *const libc[] = {"/lib/x86_64-linux-gnu/libc.so.6",
					   "/usr/lib64/libc-2.28.so",
					   "/lib/ld-musl-x86_64.so.1",
					   "/lib64/ld-linux-x86-64.so.2",
					   "/lib/x86_64-linux-gnu/libpthread.so.0",
					   "[vdso]"};
	static const char *const others[] = {"/usr/lib/libcurl.so.4", "/opt/libc/app", "[anon]"};

	(void)state;
	for (size_t i = 0; i < sizeof(libc) / sizeof(*libc); i++)
		assert_true(origin_is_libc(libc[i]));
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		assert_false(origin_is_libc(others[i]));
}

static void has_words(void **state)
{
	(void)state;
	assert_string_equal(origin_name(ORIGIN_USER), "user");
	assert_string_equal(origin_name(ORIGIN_SYSTEM), "system");
	assert_string_equal(origin_name((enum origin)99), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_path),
		cmocka_unit_test(packages),
		cmocka_unit_test(by_name),
		cmocka_unit_test(by_symbol),
		cmocka_unit_test(by_what_the_binary_says),
		cmocka_unit_test(by_the_users_word),
		cmocka_unit_test(without_a_name),
		cmocka_unit_test(c_code_in_the_executable),
		cmocka_unit_test(macros_and_checkouts),
		cmocka_unit_test(files_of_the_c_library),
		cmocka_unit_test(has_words),
	};

	return cmocka_run_group_tests_name("origin", tests, NULL, NULL);
}
