// Two instances of leno.wasm, each with a memory of its own, shake hands and talk; the
// host in between moves bytes and knows nothing. argv: the reactor module.
// covers: src/driver/wasm/buffers.c src/driver/wasm/handles.c src/driver/wasm/handlers.c
// covers: src/driver/wasm/open.c src/driver/wasm/pipes.c src/driver/wasm/messages.c
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

const module = await WebAssembly.compile(await readFile(process.argv[2]));
const OUT_WRITE = 1, OUT_CLOSE = 2, OUT_DIAL = 3;
const UP = 1, DOWN = 2, MESSAGE = 5, SENT = 6, ANSWER = 9;
const HEAD = 56, BUFFER = 65472, STREAM = 2, CLOSED = -8, BROKEN = 4;
let clock = 1000;

class Node {
	static async open(name, fill, network = 'wasm') {
		const nothing = new Proxy({}, { get: (_, what) => () => { throw new Error(what); } });
		const instance = await WebAssembly.instantiate(module,
			{ wasi_snapshot_preview1: nothing, env: nothing });
		const node = new Node();
		node.x = instance.exports;
		node.x._initialize();
		node.events = [];
		node.io = node.x.wasm_io();
		node.small = node.io + BUFFER;
		node.x.wasm_option_text(1, node.text(network));
		node.x.wasm_option_text(2, node.text(name));
		const seed = node.put(new Uint8Array(64).fill(fill));
		assert.equal(node.x.wasm_open(seed, 1_700_000_000_000, 1_700_000_000_000, clock), 0);
		return node;
	}

	// Memory may have grown since the last call: views are made anew.
	bytes(at, size) { return new Uint8Array(this.x.memory.buffer, at, size); }
	put(...parts) {
		const size = parts.reduce((sum, part) => sum + part.length, 0);
		let at = this.x.wasm_room(size);
		const start = at;
		for (const part of parts) {
			this.bytes(at, part.length).set(part);
			at += part.length;
		}
		return start;
	}
	text(string) { return this.put(new TextEncoder().encode(`${string}\0`)); }

	read() {
		const at = this.x.wasm_events(), size = this.x.wasm_events_size();
		const all = this.bytes(at, size).slice();
		const view = new DataView(all.buffer);
		for (let i = 0; i < size; i += view.getUint32(i, true)) {
			const text = i + HEAD, data = text + view.getUint16(i + 6, true);
			this.events.push({ kind: all[i + 4], flag: all[i + 5],
				handle: view.getUint32(i + 12, true), number: view.getInt32(i + 16, true),
				id: all.slice(i + 20, i + 36),
				text: new TextDecoder().decode(all.subarray(text, data)),
				data: all.slice(data, data + view.getUint32(i + 8, true)) });
		}
		this.x.wasm_events_done();
	}
	heard(kind) { return this.events.filter((event) => event.kind === kind); }

	outputs(onDial) {
		for (let kind; (kind = this.x.wasm_next(this.small)) !== 0;) {
			const [, dial] = new Uint32Array(this.x.memory.buffer, this.small, 4);
			if (kind === OUT_DIAL)
				onDial(dial);
			assert.ok([OUT_WRITE, OUT_CLOSE, OUT_DIAL].includes(kind));
		}
	}
	make() {
		const size = this.x.wasm_make(0, this.io, BUFFER);
		return this.bytes(this.io, size).slice();
	}
	take(data) {
		this.bytes(this.io, data.length).set(data);
		this.x.wasm_take(0, this.io, data.length);
	}
}

function pump(a, b) {
	for (let moved = true; moved;) {
		moved = false;
		for (const [from, to] of [[a, b], [b, a]]) {
			from.outputs(() => {});
			for (let data; (data = from.make()).length > 0;) {
				to.take(data);
				moved = true;
			}
		}
	}
	a.read();
	b.read();
}

const a = await Node.open('ada', 1), b = await Node.open('bob', 2);
a.x.wasm_connect(a.text('host:bob'));
a.x.wasm_time(++clock, clock);
a.outputs((dial) => {
	assert.equal(a.x.wasm_bound(0, STREAM, dial, a.text('bob'), 0, 0), 0);
	assert.equal(b.x.wasm_bound(0, STREAM, 0, b.text('ada'), 0, 0), 0);
});
pump(a, b);
assert.equal(a.heard(UP).length, 1, 'ada sees bob');
assert.equal(b.heard(UP).length, 1, 'bob sees ada');
assert.equal(a.heard(UP)[0].text, 'bob');

const bob = a.heard(UP)[0].id;
const payload = new Uint8Array(60_000).map((_, i) => i * 7);
const words = (type) => new TextEncoder().encode(`${type}\0`);
const send = (type) => {
	const at = a.put(bob, words(type), payload);
	return [at, at + 16, at + 16 + type.length + 1, payload.length];
};
assert.ok(a.x.wasm_send(...send('chat')) > 0);
pump(a, b);
assert.equal(b.heard(MESSAGE).length, 1);
assert.deepEqual(b.heard(MESSAGE)[0].data, payload);
assert.ok(a.heard(SENT).length >= 1, 'confirmed');

assert.equal(a.x.wasm_request(...send('ask'), 5000, 77), 0);
pump(a, b);
const { handle } = b.heard(MESSAGE)[1];
assert.equal(b.x.wasm_reply(handle, b.put(new Uint8Array([42])), 1), 0);
assert.equal(b.x.wasm_reply(handle, 0, 0), CLOSED, 'a handle that is gone is no other’s');
pump(a, b);
assert.deepEqual([a.heard(ANSWER)[0].handle, [...a.heard(ANSWER)[0].data]], [77, [42]]);

// Handles are not used again soon, and never while they are taken.
const handles = new Set();
for (let i = 0; i < 300; i++) {
	assert.equal(a.x.wasm_request(...send('many'), 5000, 100 + i), 0);
	pump(a, b);
	const request = b.heard(MESSAGE).at(-1);
	assert.ok(!handles.has(request.handle));
	handles.add(request.handle);
	assert.equal(b.x.wasm_refuse(request.handle, 3, b.text('no')), 0);
	b.events.length = 0;
}
pump(a, b);
assert.equal(a.heard(ANSWER).length, 301);

b.x.wasm_closed(0);
a.x.wasm_closed(0);
for (let i = 0; i < 100; i++)
	a.x.wasm_time(clock += 10, clock);
a.read();
assert.equal(a.heard(DOWN).length, 1, 'bob is gone');
assert.ok(a.heard(DOWN)[0].number <= BROKEN);
a.x.wasm_close();
b.x.wasm_close();
console.log('two nodes in two memories: met, talked, parted');
