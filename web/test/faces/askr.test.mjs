// node-askr's README, told by leno.
import assert from 'node:assert/strict';
import test from 'node:test';
import { start } from './support.mjs';

test('a client asks, starts, hears and stops an agent', async (t) => {
	const agent = start(t, 'askr-agent');
	const client = start(t, 'askr-client', [String(await agent.said('port'))]);
	const fetched = await client.said('fetched');

	assert.equal(fetched.type, 'FETCHED_TIME');
	assert.equal(typeof fetched.payload, 'number');
	assert.equal(await client.said('event'), 'number');
	assert.equal(await client.said('started'), null);
	assert.equal(await client.said('stopped'), null);
	assert.equal(await agent.said('stopped'), true);
	assert.equal(await client.said('unknown'), 'REFUSED');
	assert.equal(await client.ended, 0);
});

test('two nodes of one program take ports of their own, and one hears the other', async (t) => {
	const nodes = start(t, 'askr-nodes');
	const [one, two] = await nodes.said('ports');

	assert.ok(one >= 8800 && two > one);
	assert.deepEqual(await nodes.said('event'), { value: 'This is a test event from Node2' });
});
