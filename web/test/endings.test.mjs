// Ends: of nodes, groups and maps, and of what listens to them or waits. Nothing is left waiting.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { World, later, leno, part } from './support.mjs';

const { Emitter, expire, iterate } = await part('emitter.js');
const { Pump } = await part('pump.js');
const over = { value: undefined, done: true };

test('a node is closed once, whoever closes it again because it is', { timeout: 10000 },
	async (t) => {
		const node = await new World(t).node('ada');
		let told = 0, again;
		node.on('closed', () => {
			told++;
			again = node.close();
		});
		node.signal.addEventListener('abort', () => node.close());
		const closing = node.close();
		await closing;
		assert.equal(told, 1);
		assert.equal(again, closing);
	});

test('loops over what is closed already end at once', { timeout: 10000 }, async (t) => {
	const node = await new World(t).node('ada');
	const group = node.group('k'), map = node.state('m');
	await group.leave();
	map.unshare();
	assert.deepEqual(await group.messages().next(), over);
	assert.deepEqual(await map.changes().next(), over);
	await assert.rejects(group.once('joined'), { code: 'CLOSED' });
	await node.close();
	assert.deepEqual(await node.messages().next(), over);
	assert.deepEqual(await node.streams().next(), over);
	await assert.rejects(node.once('message'), { code: 'CLOSED' });
	await node.once('closed');
});

test('who begins to listen while it is told hears of the next', () => {
	const emitter = new Emitter();
	let heard = 0;
	const again = () => {
		if (++heard < 100)
			emitter.on('x', () => again());
	};
	emitter.on('x', again);
	emitter.tell('x');
	assert.equal(heard, 1);
	emitter.tell('x');
	assert.equal(heard, 3);
});

test('no time at all is a time', async () => {
	await assert.rejects(new Promise((_, no) => { expire({ timeout: 0 }, no); }), { code: 'TIMEOUT' });
	await assert.rejects(new Emitter().once('x', { timeout: 0 }), { code: 'TIMEOUT' });
});

test('a loop that is over before it has begun listens to nothing', async () => {
	let stopped = 0;
	const loop = iterate((push, finish) => {
		finish(new leno.LenoError('CLOSED'));
		return () => { stopped++; };
	});
	assert.equal(stopped, 1);
	await assert.rejects(loop.next(), { code: 'CLOSED' });
});

test('who closes its node from a listener has heard all that is confirmed, and nothing after',
	{ timeout: 10000 }, async (t) => {
		const [a, b] = await new World(t).pair();
		const told = [];
		b.on('message', (m) => {
			told.push(m.text);
			b.close();
		});
		b.on('closed', () => told.push('closed'));
		const sent = await Promise.allSettled(Array.from({ length: 20 }, (_, i) =>
			a.send(b.id, 'x', `${i}`)));
		const confirmed = sent.filter(({ status }) => status === 'fulfilled').length;
		assert.equal(told.pop(), 'closed');
		assert.ok(told.length >= confirmed && told.length > 1, `${confirmed}: ${told}`);
		assert.deepEqual(told, told.map((_, i) => `${i}`));
	});

for (const input of ['wasm_take', 'wasm_closed', 'wasm_bound', 'wasm_next'])
	test(`an assertion that fails in ${input}() ends the node, and not who called`, async (t) => {
		const reported = new Promise((resolve) => { globalThis.reportError = resolve; });
		t.after(() => { delete globalThis.reportError; });
		const core = { closed: false, io: 0, ioSize: 64, bytes: new Uint8Array(64),
			events: () => [], put: (...parts) => parts, text: () => new Uint8Array(1),
			x: { wasm_time() {}, wasm_bound: () => 0, wasm_next: () => 0,
				wasm_deadline: () => Infinity, wasm_take() {}, wasm_closed() {} } };
		const pump = new Pump(core, new Map(), () => {}, undefined, () => {});
		const ended = [];
		pump.node = { close: () => ended.push('node') };
		const pipe = { kind: 'stream', bufferedAmount: 0, close: () => ended.push('pipe') };
		const open = () => pump.open(pipe, 0, 'x:1');
		const fails = () => { throw new WebAssembly.RuntimeError('unreachable'); };
		if (input !== 'wasm_bound')
			open();
		core.x[input] = fails;
		if (input === 'wasm_bound')
			assert.throws(open, { code: 'CLOSED' });
		else if (input === 'wasm_closed')
			pipe.onclose();
		else {
			pipe.onbytes(new Uint8Array(3));
			await later(0);
		}
		assert.ok(core.closed && ended.includes('node'));
		assert.match((await reported).message, /unreachable/);
	});

test('a dialer may fail with any error: it is logged', { timeout: 10000 }, async (t) => {
	const lines = [];
	leno.registerDialer('odd', async () => { throw new Error('of a dialer'); });
	const node = await new World(t).node('ada', { log: (level, line) => lines.push(line) });
	await assert.rejects(node.connect('odd:1', { timeout: 200 }), { code: 'TIMEOUT' });
	await later(0);
	assert.ok(lines.some((line) => /odd:1: of a dialer/.test(line)), lines.join());
});

test('a pipe that is given to a closed node is closed', async (t) => {
	const node = await new World(t).node('ada');
	let closed = 0;
	await node.close();
	assert.throws(() => node.attach({ kind: 'stream', bufferedAmount: 0, send() {},
		close: () => closed++ }, 'x:1'), { code: 'CLOSED' });
	assert.equal(closed, 1);
});
