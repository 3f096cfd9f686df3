// What waits for room in a queue: it goes in its order, ends in its time, and holds up nobody else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { World, inner, later, leno, part } from './support.mjs';

const { Calls } = await part('calls.js');
const { Messages } = await part('messages.js');
const AGAIN = -3, CONFIRMED = 1, REQUEST = 1;
const soon = { timeout: 10000 };

test('what a listener sends when there is room again confuses no outcomes', soon, async () => {
	let full = true, n = 0;
	const parts = inner({ wasm_send: () => full ? AGAIN : ++n });
	const messages = new Messages(parts);
	const waited = [messages.send('b', 't'), messages.send('b', 't')];
	await later(0);
	full = false;
	parts.turns.room('b');
	const last = messages.send('b', 't');
	await later(0);
	messages.onSent({ id: 'b', first: 1, last: 2, flag: CONFIRMED });
	await Promise.all(waited);
	messages.onSent({ id: 'b', first: 3, last: 3, flag: CONFIRMED });
	await last;
});

test('who waits for room does so for his time, or until his signal', soon, async () => {
	const parts = inner({ wasm_request: () => AGAIN, wasm_call: () => AGAIN });
	const messages = new Messages(parts), calls = new Calls(parts);
	await assert.rejects(messages.request('b', 't', 'x', { timeout: 20 }), { code: 'TIMEOUT' });
	await assert.rejects(calls.call('s', 'm', [], { timeout: 20 }), { code: 'TIMEOUT' });
	await assert.rejects(messages.request('b', 't', 'x', { signal: AbortSignal.timeout(20) }),
		{ name: 'TimeoutError' });
});

test('what a call has waited is no part of what it has left', soon, async () => {
	const given = [];
	let full = true;
	const parts = inner({ wasm_call: (s, m, d, size, to, l, v, timeout) => {
		given.push(timeout);
		return full ? AGAIN : 1;
	} });
	const call = new Calls(parts).call('s', 'm', [], { timeout: 1000 });
	await later(50);
	full = false;
	parts.turns.roomOf('call ');
	parts.asking.close();
	await assert.rejects(call, { code: 'CLOSED' });
	assert.equal(given[0], 1000);
	assert.ok(given.length === 2 && given[1] < 990, given.join());
});

test('calls of one whose queue is full hold up no other', soon, async () => {
	const called = [];
	const parts = inner({ wasm_call: (s, m, d, size, to) => {
		called.push(to);
		return to === 'full' ? AGAIN : 1;
	} });
	const calls = new Calls(parts);
	const both = ['full', 'free'].map((node) => calls.call('s', 'm', [], { node }));
	await later(0);
	assert.deepEqual(called, ['full', 'free']);
	parts.asking.close();
	await Promise.allSettled(both);
});

test('a refusal waits for room, too', soon, async () => {
	let tries = 0;
	const parts = inner({ wasm_refuse: () => ++tries === 1 ? AGAIN : 0, wasm_drop() {} });
	new Messages(parts).onMessage({ id: 'b', flag: REQUEST, handle: 5,
		text: new TextEncoder().encode('t'), data: new Uint8Array(0) });
	await later(0);
	parts.turns.room('b');
	await later(0);
	assert.equal(tries, 2);
});

test('writable is at once where there is room, and never of who has left', soon, async (t) => {
	const [a, b] = await new World(t).pair('tcp', { queueMax: 1 << 20 });
	await a.writable(b.id);
	while (a.trySend(b.id, 'x', new Uint8Array(65536)))
		;
	const waiting = a.writable(b.id);
	await b.close();
	await Promise.race([waiting.catch((error) => assert.equal(error.code, 'CLOSED')),
		later(3000).then(() => assert.fail('it waits still'))]);
});

test('a generator says more than a queue holds', soon, async (t) => {
	const [a, b] = await new World(t).pair('tcp', { queueMax: 1 << 20 });
	b.serve('s', { async *many() {
		for (let i = 0; i < 64; i++)
			yield new Uint8Array(60000).fill(i);
		return 'all';
	} });
	await a.waitFor('bob');
	while (a.services().length === 0)
		await later(5);
	const heard = [];
	assert.equal(await a.service('s', { onprogress: (v) => heard.push(v[0]) }).many(), 'all');
	assert.deepEqual(heard, Array.from({ length: 64 }, (_, i) => i));
});

test('what waits in a group that is left is settled', soon, async (t) => {
	const nodes = await new World(t).pair('tcp', { queueMax: 1 << 20 });
	const [one, two] = nodes.map((node) => node.group('k'));
	while (one.members.size + two.members.size < 2)
		await later(5);
	const said = Array.from({ length: 200 }, () => one.broadcast('x', new Uint8Array(65536)));
	const left = one.leave();
	const settled = await Promise.allSettled(said);
	await left;
	assert.ok(settled.some(({ status }) => status === 'fulfilled'));
	for (const { reason } of settled)
		assert.ok(reason === undefined || reason instanceof leno.LenoError);
});
