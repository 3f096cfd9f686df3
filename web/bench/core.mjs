// core.mjs [LENO.WASM] - sealed messages of 64 bytes from core to core: two instances in one
// process, bytes moved from memory to memory, every event written. In messages a second of CPU,
// which both ends share.
import { readFileSync } from 'node:fs';

const file = process.argv[2] ?? new URL('../../build/wasm/web/leno/leno.wasm', import.meta.url);
const module = new WebAssembly.Module(readFileSync(file));
const BUFFER = 65472, OUT_DIAL = 3, STREAM = 2, SIZE = 64;
const ROUNDS = 5, MESSAGES = 500_000, BATCH = 20_000;
let clock = 1000;

class Node {
	constructor(name, fill) {
		const { exports } = new WebAssembly.Instance(module, {});
		this.x = exports;
		exports._initialize();
		this.io = exports.wasm_io();
		exports.wasm_option_text(2, this.put(new TextEncoder().encode(`${name}\0`)));
		exports.wasm_open(this.put(new Uint8Array(64).fill(fill)), 17e11, 17e11, clock);
	}
	put(bytes) {
		const at = this.x.wasm_room(bytes.length);
		new Uint8Array(this.x.memory.buffer, at, bytes.length).set(bytes);
		return at;
	}
	outputs(onDial) {
		const small = this.io + BUFFER;
		for (let kind; (kind = this.x.wasm_next(small)) !== 0;)
			if (kind === OUT_DIAL)
				onDial(new Uint32Array(this.x.memory.buffer, small, 2)[1]);
	}
}

const a = new Node('a', 1), b = new Node('b', 2);

function pump() {
	for (let moved = true; moved;) {
		moved = false;
		for (const [from, to] of [[a, b], [b, a]]) {
			from.outputs(() => {});
			for (let n; (n = from.x.wasm_make(0, from.io, BUFFER)) > 0; moved = true) {
				new Uint8Array(to.x.memory.buffer, to.io, n)
					.set(new Uint8Array(from.x.memory.buffer, from.io, n));
				to.x.wasm_take(0, to.io, n);
				to.x.wasm_events_done();
			}
		}
	}
}

const uri = new TextEncoder().encode('host:b\0');
a.x.wasm_connect(a.put(uri));
a.x.wasm_time(++clock, clock);
a.outputs((dial) => {
	a.x.wasm_bound(0, STREAM, dial, a.put(uri), 0, 0);
	b.x.wasm_bound(0, STREAM, 0, b.put(uri), 0, 0);
});
pump();

const message = new Uint8Array(16 + 2 + SIZE);
message.set(new Uint8Array(b.x.memory.buffer, b.x.wasm_self(), 16));
message[16] = 't'.charCodeAt(0);
let best = 0;
for (let round = 0; round < ROUNDS; round++) {
	const begun = process.cpuUsage();
	let n = 0;
	while (n < MESSAGES) {
		const at = a.put(message), { wasm_send: send } = a.x;
		for (let k = 0; k < BATCH && send(at, at + 16, at + 18, SIZE) > 0; k++)
			n++;
		a.x.wasm_time(++clock, clock);
		b.x.wasm_time(clock, clock);
		pump();
		a.x.wasm_events_done();
	}
	const { user, system } = process.cpuUsage(begun);
	best = Math.max(best, n / (user + system));
}
console.log(`${best.toFixed(2)} M messages of ${SIZE} bytes a second of CPU, both ends`);
