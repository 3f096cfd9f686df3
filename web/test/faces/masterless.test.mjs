// masterless's README, told by leno: duplex counting, keep, multiple dispatch, one connection.
import assert from 'node:assert/strict';
import test from 'node:test';
import { start } from './support.mjs';

test('two servers count together, and who is kept is connected again', async (t) => {
	const pair = start(t, 'masterless-pair');

	assert.equal(await pair.said('before'), null);
	assert.equal(await pair.said('listening'), true);
	assert.equal(await pair.said('connect'), 'e4663c9c3f9a89112afc48389a951e09');
	assert.equal(await pair.said('counted'), 300);
	assert.equal(await pair.said('none'), false);
	assert.equal(await pair.said('lost'), 'b073a8ee09e1daca57e9d54a5efe5684');
	assert.equal(await pair.said('again'), 'b073a8ee09e1daca57e9d54a5efe5684');
});

test('a killed server that comes back is connected again by who keeps it', async (t) => {
	const left = start(t, 'masterless-node', ['left', '0']);
	const info = await left.said('info');
	const right = start(t, 'masterless-node', ['right', '0', info]);

	await right.said('connect', (id) => id === 'left');
	const { port } = new URL(info.replace('tcp:', 'http:'));

	left.kill();
	await right.said('disconnect', (id) => id === 'left');
	const again = start(t, 'masterless-node', ['left', port]);

	await again.said('connect', (id) => id === 'right');
});

test('a packet goes to all that are named', async (t) => {
	const one = start(t, 'masterless-node', ['one', '0']);
	const two = start(t, 'masterless-node', ['two', '0']);
	const sender = start(t, 'masterless-sender', [await one.said('info'), await two.said('info')]);

	assert.equal(await sender.said('dispatched'), true);
	for (const receiver of [one, two])
		assert.deepEqual(await receiver.said('message'), ['sender', { multiple: 'dispatch' }]);
});

test('both dial each other: one connection, and it is said once', async (t) => {
	const pair = start(t, 'masterless-cross');

	assert.deepEqual(await pair.said('connects'), [1, 1]);
});
