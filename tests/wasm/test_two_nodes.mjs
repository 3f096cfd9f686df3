// Two instances of leno.wasm, each with a memory of its own, shake hands and talk; the
// host in between moves bytes and knows nothing. argv: the reactor module.
// covers: src/driver/wasm/wasm.c
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { WASI } from 'node:wasi';

const module = await WebAssembly.compile(await readFile(process.argv[2]));
const OUT_WRITE = 1, OUT_CLOSE = 2, OUT_DIAL = 3;
const UP = 1, DOWN = 2, MESSAGE = 3, SENT = 4, ANSWER = 5;
const BUFFER = 64 * 1024;
let clock = 1000;

class Node {
	static async open(name, fill, network = 'wasm') {
		const wasi = new WASI({ version: 'preview1', args: [], env: {} });
		const instance = await WebAssembly.instantiate(module, {
			wasi_snapshot_preview1: wasi.wasiImport,
			env: { host_random: () => { throw new Error('asked for randomness'); } },
		});
		wasi.initialize(instance);
		const node = new Node();
		node.x = instance.exports;
		node.events = [];
		node.io = node.x.wasm_alloc(BUFFER);
		node.out = node.x.wasm_alloc(12);
		node.handle = node.x.wasm_open(node.put(new Uint8Array(64).fill(fill)),
			node.text(network), node.text(name), 0, 1_700_000_000_000, clock);
		assert.notEqual(node.handle, 0);
		return node;
	}

	// Memory may have grown since the last call: views are made anew.
	bytes(at, size) { return new Uint8Array(this.x.memory.buffer, at, size); }
	put(data) {
		const at = this.x.wasm_alloc(data.length);
		this.bytes(at, data.length).set(data);
		return at;
	}
	text(string) { return this.put(new TextEncoder().encode(`${string}\0`)); }

	read() {
		const at = this.x.wasm_events(), size = this.x.wasm_events_size();
		const all = this.bytes(at, size).slice();
		const view = new DataView(all.buffer);
		for (let i = 0; i < size;) {
			const length = view.getUint32(i, true);
			this.events.push({ kind: all[i + 4], body: all.slice(i + 5, i + 4 + length) });
			i += 4 + length;
		}
		this.x.wasm_events_done();
	}
	heard(kind) { return this.events.filter((event) => event.kind === kind); }

	outputs(onDial) {
		const [pipe, dial] = [0, 1];
		for (let kind; (kind = this.x.wasm_next(this.handle, this.out)) !== 0;) {
			const fields = new Uint32Array(this.x.memory.buffer, this.out, 3);
			if (kind === OUT_DIAL)
				onDial(fields[dial], fields[pipe]);
			assert.ok([OUT_WRITE, OUT_CLOSE, OUT_DIAL].includes(kind));
		}
	}
	make() {
		const size = this.x.wasm_make(this.handle, 0, this.io, BUFFER);
		return this.bytes(this.io, size).slice();
	}
	take(data) {
		const at = this.put(data);
		this.x.wasm_take(this.handle, 0, at, data.length);
		this.x.wasm_free(at);
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
a.x.wasm_connect(a.handle, a.text('host:bob'));
a.x.wasm_time(a.handle, ++clock);
a.outputs((dial) => {
	assert.equal(a.x.wasm_opened(a.handle, 0, 0, dial, a.text('bob')), 0);
	assert.equal(b.x.wasm_opened(b.handle, 0, 0, 0, b.text('ada')), 0);
});
pump(a, b);
assert.equal(a.heard(UP).length, 1, 'ada sees bob');
assert.equal(b.heard(UP).length, 1, 'bob sees ada');
assert.equal(new TextDecoder().decode(a.heard(UP)[0].body.slice(17)), 'bob');

const bob = a.put(a.heard(UP)[0].body.slice(0, 16));
const payload = new Uint8Array(100_000).map((_, i) => i * 7);
assert.equal(a.x.wasm_send(a.handle, bob, a.text('chat'), a.put(payload), payload.length), 0);
pump(a, b);
assert.equal(b.heard(MESSAGE).length, 1);
assert.deepEqual(b.heard(MESSAGE)[0].body.slice(16 + 1 + 4 + 1 + 4), payload);
assert.ok(a.heard(SENT).length >= 1, 'confirmed');

assert.equal(a.x.wasm_request(a.handle, bob, a.text('ask'), a.put(payload), 3, 5000, 77), 0);
pump(a, b);
const request = b.heard(MESSAGE)[1].body;
const handle = new DataView(request.buffer).getUint32(17, true);
assert.equal(b.x.wasm_reply(handle, b.put(new Uint8Array([42])), 1), 0);
pump(a, b);
const answer = new DataView(a.heard(ANSWER)[0].body.buffer);
assert.equal(answer.getUint32(0, true), 77);
assert.equal(answer.getUint8(16), 42);

b.x.wasm_closed(b.handle, 0);
a.x.wasm_closed(a.handle, 0);
for (let i = 0; i < 100; i++)
	a.x.wasm_time(a.handle, (clock += 10));
a.read();
assert.equal(a.heard(DOWN).length, 1, 'bob is gone');
a.x.wasm_close(a.handle);
b.x.wasm_close(b.handle);
console.log('two nodes in two memories: met, talked, parted');
