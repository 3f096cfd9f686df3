// Messages, requests and broadcasts between nodes of the package, by tcp:// and ws://.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { World, leno, pattern } from './support.mjs';

for (const scheme of ['tcp', 'ws']) {
	test(`${scheme}: messages arrive once, in order, whole, and are confirmed`, async (t) => {
		const [a, b] = await new World(t).pair(scheme);
		const heard = b.messages('n');
		const sizes = [0, 1, 125, 126, 65535, 65536, 1 << 20];
		await Promise.all(sizes.map((size) => a.send(b.id, 'n', pattern(size))));
		for (const size of sizes) {
			const { value } = await heard.next();
			assert.equal(value.from, a.id);
			assert.deepEqual(value.data, pattern(size));
		}
	});
}

test('a node is named by its id, its name, or a prefix', async (t) => {
	const [a, b] = await new World(t).pair();
	const texts = [];
	b.on('message', (m) => texts.push(m.text));
	await a.send(b.id, 't', '1');
	await a.send('bob', 't', '2');
	await a.send('bo', 't', 'three: ü');
	assert.deepEqual(texts, ['1', '2', 'three: ü']);
	await assert.rejects(a.send('nobody', 't'), { name: 'LenoError', code: 'NO_NODE' });
	await assert.rejects(a.send(a.id, 't'), { code: 'SELF' });
});

test('far more than a queue holds is sent in order, however fast', async (t) => {
	const [a, b] = await new World(t).pair('ws', { queueMax: 1 << 20 });
	const numbers = [];
	b.on('message', (m) => numbers.push(new DataView(m.data.buffer).getUint32(0)));
	const sent = [];
	const bytes = new Uint8Array(16384);        // one buffer for all: what is passed is copied
	for (let i = 0; i < 1000; i++) {
		new DataView(bytes.buffer).setUint32(0, i);
		sent.push(a.send(b.id, 'n', bytes));
	}
	await Promise.all(sent);
	assert.deepEqual(numbers, Array.from({ length: 1000 }, (_, i) => i));
});

test('trySend says when the queue is full, and writable when it is not any more', async (t) => {
	const [a, b] = await new World(t).pair('tcp', { queueMax: 1 << 20 });
	let n = 0, got = 0;
	b.on('message', () => got++);
	while (a.trySend(b.id, 'x', new Uint8Array(65536)))
		assert.ok(++n < 1000);
	assert.ok(n > 1);
	await a.writable(b.id, { timeout: 5000 });
	assert.ok(a.trySend(b.id, 'x', 'again'));
	await a.send(b.id, 'x', 'last');
	assert.equal(got, n + 2);
});

test('a request has the reply of the other side, or its refusal', async (t) => {
	const [a, b] = await new World(t).pair();
	b.handle('double', async ({ data, from }) => {
		assert.equal(from, a.id);
		return Uint8Array.of(data[0] * 2);
	});
	b.handle('no', () => { throw new leno.LenoError('REFUSED', 'not today', 7); });
	b.handle('never', () => new Promise(() => {}));
	assert.deepEqual(await a.request(b.id, 'double', Uint8Array.of(21)), Uint8Array.of(42));
	await assert.rejects(a.request(b.id, 'no'), { code: 'REFUSED', reason: 7, message: 'not today' });
	await assert.rejects(a.request(b.id, 'unknown'), { code: 'REFUSED' });
	await assert.rejects(a.request(b.id, 'never', '', { timeout: 50 }), { code: 'TIMEOUT' });
	await assert.rejects(a.request(b.id, 'never', '', { signal: AbortSignal.timeout(20) }),
		{ name: 'TimeoutError' });
});

test('a broadcast reaches all, and says how many', async (t) => {
	const world = new World(t);
	const [a, b] = await world.pair();
	const c = await world.node('cy');
	await c.connect(await b.listen('ws://127.0.0.1:0'));
	await a.waitFor('cy', { timeout: 5000 });
	const heard = [b, c].map((node) => node.once('message', { timeout: 5000 }));
	assert.deepEqual(await a.broadcast('news', 'x'), { confirmed: 2, unknown: 0 });
	for (const m of await Promise.all(heard))
		assert.ok(m.broadcast && m.text === 'x' && m.from === a.id);
});

test('a loop over messages ends by its signal, by close, and when it is behind', async (t) => {
	const [a, b] = await new World(t).pair();
	const stop = new AbortController();
	const behind = b.messages(undefined, { limit: 2 });
	const aborted = b.messages('x', { signal: stop.signal });
	const waiting = b.messages('none').next();
	for (let i = 0; i < 3; i++)
		await a.send(b.id, 'x', `${i}`);
	assert.equal((await aborted.next()).value.text, '0');
	stop.abort(new Error('enough'));
	assert.equal((await behind.next()).value.text, '0');
	assert.equal((await behind.next()).value.text, '1');
	await assert.rejects(behind.next(), { code: 'LIMIT' });
	await b.close();
	assert.deepEqual(await waiting, { value: undefined, done: true });
	await assert.rejects(b.send(a.id, 'x'), { code: 'CLOSED' });
});

test('what a listener throws is reported, and others hear it still', async (t) => {
	const [a, b] = await new World(t).pair();
	const thrown = new Promise((resolve) => { globalThis.reportError = resolve; });
	t.after(() => { delete globalThis.reportError; });
	b.on('message', () => { throw new Error('of a listener'); });
	const second = b.once('message');
	await a.send(b.id, 'x', 'y');
	assert.equal((await second).text, 'y');
	assert.equal((await thrown).message, 'of a listener');
});

test('who leaves is told of: why, and by its name', async (t) => {
	const [a, b] = await new World(t).pair('ws');
	const down = a.once('node-down', { timeout: 5000 });
	await b.close();
	assert.deepEqual(await down, { id: b.id, name: 'bob', why: 'goodbye' });
	assert.equal(a.nodes.size, 0);
});

test('an address nobody answers at is given up by time or signal, and a bad one at once',
	async (t) => {
		const a = await new World(t).node('ada');
		await assert.rejects(a.connect('tcp://127.0.0.1:1', { timeout: 100 }), { code: 'TIMEOUT' });
		await assert.rejects(a.connect('gopher://x'), { code: 'URI' });
		await assert.rejects(a.listen('gopher://x'), { code: 'URI' });
		await assert.rejects(a.listen('tcp://x'), { code: 'URI' });
	});

test('who has another secret is not let in', async (t) => {
	const world = new World(t);
	const [a, b] = [await world.node('ada'), await world.node('eve',
		{ secret: leno.createSecret(), log: () => {} })];
	const uri = await a.listen('ws://127.0.0.1:0');
	await assert.rejects(b.connect(uri, { timeout: 300 }), { code: 'TIMEOUT' });
	assert.equal(a.nodes.size, 0);
});

test('without a secret a node listens on loopback alone', async (t) => {
	const a = await new World(t).node('ada', { secret: undefined });
	await assert.rejects(a.listen('tcp://*:0'), { code: 'OPEN_NETWORK' });
	assert.match(await a.listen('tcp://127.0.0.1:0'), /^tcp:\/\/127\.0\.0\.1:\d+$/);
});

test('what waits for room when the other leaves is settled, each of it', async (t) => {
	const [a, b] = await new World(t).pair('tcp', { queueMax: 1 << 20, sessionLinger: 300 });
	await a.send(b.id, 'x');      // there is a session, of which both know
	const sent = [];
	for (let i = 0; i < 100; i++)
		sent.push(a.send(b.id, 'x', new Uint8Array(65536)));
	const asked = a.request(b.id, 'x', new Uint8Array(65536));
	await b.close();
	const settled = await Promise.allSettled([...sent, asked]);
	const codes = new Set(settled.map(({ reason }) => reason?.code));
	codes.delete(undefined);
	assert.ok(codes.size > 0);
	for (const code of codes)
		assert.ok(['UNKNOWN', 'NO_NODE', 'CLOSED', 'UNREACHABLE'].includes(code), code);
});

test('a message or group message is as large as a quarter of the memory, and no larger', async (t) => {
	const nodes = await new World(t).pair(), [a, b] = nodes;
	const [one, two] = nodes.map((node) => node.group('k'));
	while (one.members.size + two.members.size < 2)
		await new Promise((done) => { setTimeout(done, 5); });
	const most = new Uint8Array(16 << 20), heard = b.once('message', { timeout: 20000 });
	const inGroup = two.once('message', { timeout: 20000 });
	await a.send(b.id, 'x', most);
	assert.equal((await heard).data.length, most.length);
	assert.deepEqual(await one.broadcast('x', most), { confirmed: 1, unknown: 0 });
	assert.equal((await inGroup).data.length, most.length);
	const more = new Uint8Array(most.length + 1);
	await assert.rejects(a.send(b.id, 'x', more), { code: 'TOO_BIG' });
	await assert.rejects(one.broadcast('x', more), { code: 'TOO_BIG' });
});
