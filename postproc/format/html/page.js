"use strict";
(() => {
const root = document.documentElement;
const all = (selector, from = document) => [...from.querySelectorAll(selector)];

root.classList.add("zooms");

// "12.3 ms", as the report has it.
function duration(us) {
	const units = [[3600e6, "h"], [60e6, "min"], [1e6, "s"], [1e3, "ms"], [1, "us"]];
	const [size, name] = units.find(([limit]) => us >= limit) || [1, "us"];
	const value = us / size;

	return `${value >= 100 ? value.toFixed(0) : value.toPrecision(3)} ${name}`;
}

// --- tables

const value = cell => cell.dataset.v === undefined ? cell.textContent.trim() : Number(cell.dataset.v);

function sort(table, column, heading) {
	const up = heading.getAttribute("aria-sort") === "descending";
	const body = table.tBodies[0];
	const rows = [...body.rows].map(row => [value(row.cells[column]), row]);
	const compare = (a, b) => typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));

	rows.sort(([a], [b]) => up ? compare(a, b) : compare(b, a));
	body.append(...rows.map(([, row]) => row));
	all("th", table).forEach(other => other.removeAttribute("aria-sort"));
	heading.setAttribute("aria-sort", up ? "ascending" : "descending");
}

for (const table of all("table.sortable"))
	all("th", table).forEach((heading, column) => {
		const button = document.createElement("button");

		button.textContent = heading.textContent;
		button.addEventListener("click", () => sort(table, column, heading));
		heading.replaceChildren(button);
	});

// --- tooltip: the second line is text of the target's

const tip = document.createElement("div");

tip.id = "tip";
tip.hidden = true;
document.body.append(tip);

function showTip(event, strong, text) {
	const line = document.createElement("b");

	line.textContent = strong;
	tip.replaceChildren(line, document.createElement("br"), text);
	tip.hidden = false;
	tip.style.left = `${Math.max(4, Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8))}px`;
	tip.style.top = `${event.clientY + 22 + tip.offsetHeight > innerHeight ? event.clientY - tip.offsetHeight - 12 : event.clientY + 18}px`;
}

const hideTip = () => { tip.hidden = true; };

addEventListener("scroll", hideTip, {passive: true});

// --- flame graph

const graph = document.getElementById("flame-graph");

if (graph) {
	const frames = all("i", graph).map(element => ({
		element,
		x: Number(element.style.getPropertyValue("--x")),
		w: Number(element.style.getPropertyValue("--w")),
		y: Number(element.style.getPropertyValue("--y")),
		title: element.title,
	}));
	const frameOf = event => frames.find(frame => frame.element === event.target);

	const zoom = to => {
		const whole = !to || to.y === 0 && graph.dataset.zoomed === "1";
		const x = whole ? 0 : to.x, w = whole ? 100 : to.w;

		graph.dataset.zoomed = whole ? "" : "1";
		graph.style.setProperty("--x0", x);
		graph.style.setProperty("--k", 100 / w);
		for (const frame of frames) {
			const above = !whole && frame.y < to.y && frame.x <= x + 1e-4 && frame.x + frame.w >= x + w - 1e-4;
			const outside = !whole && !above && (frame.x >= x + w - 1e-4 || frame.x + frame.w <= x + 1e-4 || frame.y < to.y);

			frame.element.classList.toggle("whole", above);
			frame.element.classList.toggle("away", outside);
		}
	};

	frames.forEach(frame => frame.element.removeAttribute("title"));
	graph.addEventListener("click", event => {
		const frame = frameOf(event);

		if (frame)
			zoom(frame.element.classList.contains("whole") && frame.y === 0 ? null : frame);
		else
			zoom(null);
	});
	graph.addEventListener("mousemove", event => {
		const frame = frameOf(event);

		if (frame)
			showTip(event, frame.title, frame.element.textContent);
		else
			hideTip();
	});
	graph.addEventListener("mouseleave", hideTip);
}

// --- timeline

const holder = document.getElementById("timeline-data");

if (holder) {
	const data = JSON.parse(holder.textContent);
	const lanes = document.getElementById("lanes");
	const ticks = all(".axis span", lanes);
	const least = Math.min(100, data.range);
	let from = 0, to = data.range;

	// Flat numbers, each relative to the one before, become objects.
	const blocks = data.lanes.map(() => []);
	const slices = data.lanes.map(flat => {
		const found = [];
		let slice = 0;

		for (let i = 0; i < flat.length; i += 3) {
			slice += flat[i];
			const start = data.start + slice * data.width;

			found.push({start, end: Math.min(start + data.width, data.range), reason: flat[i + 1], percent: flat[i + 2]});
		}
		return found;
	});
	for (let i = 0, at = 0; i < data.blocks.length; i += 5) {
		const [lane, gap, time, reason, rank] = data.blocks.slice(i, i + 5);

		at += gap;
		blocks[lane].push({start: at, end: at + time, reason, rank});
	}

	const tracks = all(".track", lanes).map((track, lane) => {
		const canvas = document.createElement("canvas");

		track.replaceChildren(canvas);
		return {track, canvas, lane};
	});
	let colours;
	const readColours = () => {
		const probe = document.createElement("span");

		document.body.append(probe);
		colours = data.reasons.map(id => {
			probe.className = `r-${id}`;
			return getComputedStyle(probe).getPropertyValue("--c").trim();
		});
		probe.remove();
	};
	// Where the newest blocks are there one by one, these; before that, slices.
	const inSight = lane => [
		...slices[lane].filter(s => s.start < data.exact && s.end > from && s.start < to),
		...blocks[lane].filter(b => b.end > from && b.start < to),
	];

	const draw = () => {
		for (const {track, canvas, lane} of tracks) {
			const width = track.clientWidth, height = track.clientHeight, scale = devicePixelRatio || 1;
			const context = canvas.getContext("2d");

			canvas.width = width * scale;
			canvas.height = height * scale;
			context.scale(scale, scale);
			for (const part of inSight(lane)) {
				const x = (part.start - from) / (to - from) * width;
				const wide = Math.max((part.end - part.start) / (to - from) * width, 1.2);
				const high = part.percent === undefined ? height : Math.max(height * part.percent / 100, height / 5);

				context.fillStyle = colours[part.reason];
				context.fillRect(x, height - high, wide, high);
			}
		}
		ticks.forEach((tick, i) => {
			const at = from + (to - from) * i / (ticks.length - 1);

			tick.textContent = at > 0 ? `${(at / 1e6).toFixed(Math.min(6, Math.max(1, Math.ceil(-Math.log10((to - from) / 4e6)) + 2)))} s` : "0";
		});
		lanes.dataset.from = Math.round(from);
		lanes.dataset.to = Math.round(to);
	};
	const redraw = () => { readColours(); draw(); };
	let wanted = false;
	const soon = () => {
		if (!wanted)
			requestAnimationFrame(() => { wanted = false; draw(); });
		wanted = true;
	};
	const show = (start, length) => {
		length = Math.min(Math.max(length, least), data.range);
		from = Math.min(Math.max(start, 0), data.range - length);
		to = from + length;
		soon();
	};
	const zoomAt = (share, factor) => {
		const length = Math.min(Math.max((to - from) * factor, least), data.range);

		show(from + (to - from) * share - length * share, length);
	};
	const share = event => {
		const box = tracks[0].track.getBoundingClientRect();

		return Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
	};
	const partAt = event => {
		const {lane} = tracks.find(({track}) => track.contains(event.target)) || {};

		if (lane === undefined)
			return null;
		const at = from + (to - from) * share(event), near = (to - from) / tracks[0].track.clientWidth * 2;

		return inSight(lane).findLast(part => at >= part.start - near && at <= part.end + near) || null;
	};

	const buttons = document.createElement("div");

	buttons.className = "buttons";
	for (const [name, label, act] of [["−", "zoom out", () => zoomAt(.5, 2)], ["+", "zoom in", () => zoomAt(.5, .5)], ["All", "show all", () => show(0, data.range)]]) {
		const button = document.createElement("button");

		button.textContent = name;
		button.setAttribute("aria-label", label);
		button.addEventListener("click", act);
		buttons.append(button);
	}
	document.querySelector("#timeline").prepend(buttons);

	lanes.addEventListener("wheel", event => {
		if (event.shiftKey)
			show(from + (to - from) * Math.sign(event.deltaY || event.deltaX) / 10, to - from);
		else
			zoomAt(share(event), event.deltaY > 0 ? 1.25 : .8);
		event.preventDefault();
	}, {passive: false});
	lanes.addEventListener("keydown", event => {
		const move = (to - from) / 5;
		const act = {"+": () => zoomAt(.5, .5), "-": () => zoomAt(.5, 2), "0": () => show(0, data.range),
			ArrowLeft: () => show(from - move, to - from), ArrowRight: () => show(from + move, to - from)}[event.key];

		if (act) {
			act();
			event.preventDefault();
		}
	});
	// One pointer drags, two pinch.
	const pointers = new Map();
	let moved = 0;

	lanes.addEventListener("pointerdown", event => {
		pointers.set(event.pointerId, event.clientX);
		moved = 0;
	});
	addEventListener("pointermove", event => {
		if (!pointers.has(event.pointerId))
			return;
		const before = [...pointers.values()];
		const width = tracks[0].track.clientWidth, by = event.clientX - pointers.get(event.pointerId);

		pointers.set(event.pointerId, event.clientX);
		moved += Math.abs(by);
		lanes.classList.toggle("moving", moved > 4);
		if (pointers.size === 1) {
			show(from - by / width * (to - from), to - from);
		} else {
			const after = [...pointers.values()];

			zoomAt(share({clientX: (after[0] + after[1]) / 2}), Math.max(Math.abs(before[0] - before[1]), 1) / Math.max(Math.abs(after[0] - after[1]), 1));
		}
	});
	for (const name of ["pointerup", "pointercancel"])
		addEventListener(name, event => {
			pointers.delete(event.pointerId);
			lanes.classList.remove("moving");
		});
	lanes.addEventListener("click", event => {
		const part = moved > 4 ? null : partAt(event);

		if (part && part.rank && document.getElementById(`blocker-${part.rank}`))
			location.hash = `blocker-${part.rank}`;
	});
	lanes.addEventListener("mousemove", event => {
		const part = pointers.size ? null : partAt(event);

		if (!part) {
			hideTip();
			return;
		}
		const what = data.reasons[part.reason];
		const code = part.rank ? document.querySelector(`#blocker-${part.rank} h3 code`) : null;
		const when = `at ${(part.start / 1e6).toFixed(3)} s`;

		if (part.percent === undefined)
			showTip(event, `${duration(part.end - part.start)} ${what}, ${when}`, code ? `#${part.rank} ${code.textContent}` : "");
		else
			showTip(event, `${part.percent}% blocked, mostly ${what}`, `${duration(data.width)} ${when}`);
	});
	lanes.addEventListener("mouseleave", hideTip);
	new ResizeObserver(redraw).observe(lanes);
	matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
	redraw();
}
})();
