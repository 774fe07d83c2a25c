# SPDX-License-Identifier: Apache-2.0
# Writes the event lines of an app with two workers, 11 and 12, that are blocked in turn for 10 ms, by function NAME, N times, every
# STEP ns. With LASTS, worker 11 then stays in a poll; with OPEN the stream has no end.
function setting(name, otherwise) {
	return ENVIRON[name] == "" ? otherwise : ENVIRON[name]
}

BEGIN {
	name = setting("NAME", "app::work")
	count = setting("N", 20)
	step = setting("STEP", 100000000)
	print "hud-trace 1\nmeta target app\nmeta pid 1\nmeta threshold-us 5000\nmeta hz 199\nmeta polls tls DWARF"
	print "meta stacks copied\nmeta clock 1000000000 1795542627000000000"
	print "thread 11 worker 1 tokio-runtime-w\nthread 12 worker 1 tokio-runtime-w"
	frame = "frame a1 whole call %s %s %s %d /opt/app %s %s - %s\n"
	printf frame, "user", 1000, 1000, 7, name, name, "/home/me/app/src/main.rs"
	poll = "tokio::runtime::task::core::Core::poll"
	printf frame, "runtime", 2000, 2000, 1, poll, poll, "/x/tokio/src/runtime/task/core.rs"
	run = "tokio::runtime::scheduler::multi_thread::worker::run"
	printf frame, "runtime", 3000, 3000, 1, run, run, "/x/tokio/src/runtime/scheduler/multi_thread/worker.rs"
	print "begin 1000000000"
	t = 1000000000
	for (i = 0; i < count; i++) {
		t += step
		tid = 11 + i % 2
		printf "sample %.0f %d 0 1000000 a1\n", t + 3000000, tid
		printf "sample %.0f %d 0 1000000 a1\n", t + 8000000, tid
		printf "poll %.0f %d %.0f %.0f %.0f 0 %d %d M E\n", t + 10000000, tid, t, t + 10000000, t - 100, i, i
	}
	if (setting("LASTS", 0)) {
		printf "sample %.0f 11 0 1000000 a1\n", t + 900000000
		printf "poll %.0f 11 %.0f %.0f %.0f 0 %d %d M R\n", t + 1050000000, t + 50000000, t + 1050000000, t + 49990000, i, i
	}
	if (!setting("OPEN", 0))
		printf "end %.0f duration\n", t + 2000000000
}
