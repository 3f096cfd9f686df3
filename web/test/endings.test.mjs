// Ends: of nodes, groups and maps, and of what listens to them or waits. Nothing is left waiting.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { World, leno, part } from './support.mjs';

const { Emitter, expire, iterate } = await part('emitter.js');
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
