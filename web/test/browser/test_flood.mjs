// 10,000 messages of 16 KiB from one tab to another: none is lost, repeated or reordered, and
// memory does not grow with their number.
import assert from 'node:assert/strict';
import test from 'node:test';
import { absent, begin, noPackage } from './harness.mjs';

const skip = absent || noPackage;
const COUNT = 10_000, SIZE = 16 * 1024, WARM = 2_000;
const PATIENCE_MS = 90_000;
const MIB = 1 << 20;
const GROWTH_MAX = 16 * MIB; // an eighth of what passes between the two looks

// What the processes of both tabs hold, after everything that nobody needs was given back; and of it
// what their nodes have.
async function memory(w, tabs) {
	let nodes = 0;
	for (const tab of tabs) {
		const session = await tab.page.context().newCDPSession(tab.page);
		await session.send('HeapProfiler.collectGarbage');
		await session.detach();
		nodes += await tab.run(() => node.stats().memory);
	}
	return { all: await w.renderersMemory(), nodes };
}

const show = ({ all, nodes }) => `${(all / MIB).toFixed(1)} MiB (nodes ${(nodes / MIB).toFixed(2)})`;

const take = (_, { size }) => {
	globalThis.taken = { next: 0, wrong: 0 };
	node.on('message', (m) => {
		const view = new DataView(m.data.buffer, m.data.byteOffset, m.data.byteLength);
		const number = view.getUint32(0);
		const good = m.type === 'flood' && m.data.length === size && number === taken.next &&
			m.data[size - 1] === (number & 255);
		taken.wrong += good ? 0 : 1;
		taken.next = number + 1;
	});
};

const pour = async (_, { to, from, count, size }) => {
	await node.waitFor(to);
	const data = new Uint8Array(size);
	const sent = [];
	for (let i = from; i < from + count; i++) {
		new DataView(data.buffer).setUint32(0, i);
		data[size - 1] = i & 255;
		sent.push(node.send(to, 'flood', data));
		if (sent.length >= 256)
			await sent.shift();
	}
	await Promise.all(sent);
};

test('a flood from tab to tab, across a native node', { skip }, async (t) => {
	const w = await begin(t);
	const ada = await w.up('ada');
	const [one, two] = await w.pages(2, ada);
	await one.join(ada, 'one');
	await two.join(ada, 'two');
	await two.run(take, { size: SIZE });
	await one.run(pour, { to: 'two', from: 0, count: WARM, size: SIZE }, PATIENCE_MS);
	const before = await memory(w, [one, two]);
	const began = performance.now();
	await one.run(pour, { to: 'two', from: WARM, count: COUNT - WARM, size: SIZE }, PATIENCE_MS);
	const seconds = (performance.now() - began) / 1000;
	const after = await memory(w, [one, two]);
	const taken = await two.run(() => globalThis.taken);
	t.diagnostic(`${((COUNT - WARM) / seconds).toFixed(0)} messages of 16 KiB a second; memory of both ` +
		`tabs from ${show(before)} to ${show(after)}`);
	assert.deepEqual(taken, { next: COUNT, wrong: 0 });
	assert.ok(after.all < before.all + GROWTH_MAX, `${show(before)} became ${show(after)}`);
	assert.ok(after.nodes < before.nodes + MIB, `${show(before)} became ${show(after)}`);
});
