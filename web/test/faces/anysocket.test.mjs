// AnySocket's README and API page, told by leno.
import assert from 'node:assert/strict';
import test from 'node:test';
import { start } from './support.mjs';

test('both ends say connected, send, reply, call; a reason is given at the end', async (t) => {
	const server = start(t, 'anysocket-server');
	const client = start(t, 'anysocket-client', [String(await server.said('port')), 'ask']);

	assert.deepEqual(await server.said('clock'), [true, true, true]);
	assert.deepEqual(await client.said('message'), { hello: 'world' });
	assert.deepEqual(await client.said('has'), [true, true]);
	assert.deepEqual(await client.said('reply'), { answer: 'question' });
	assert.equal(await client.said('rpc'), 'Hello World, LynxAegon (string)');
	assert.deepEqual(await client.said('bytes'), [3, 2, 1]);
	assert.deepEqual(await client.said('error'), { error: 'on purpose', details: '', code: 500 });
	assert.equal(await client.said('none'), 404);
	assert.deepEqual([await client.said('before'), await client.said('after')], [false, true]);
	assert.equal(await server.said('e2e'), true);
	assert.equal(await server.said('disconnected'), await client.said('id'));
	assert.equal(await server.said('reason'), 'enough');
	await client.said('disconnected');
});

test('whom onAuth refuses is not connected', async (t) => {
	const server = start(t, 'anysocket-server');
	const client = start(t, 'anysocket-client', [String(await server.said('port')), 'wrong']);

	await client.said('refused');
	assert.ok(!server.lines.some((line) => 'connected' in line));
	assert.ok(!client.lines.some((line) => 'connected' in line));
});

test('a peer that is killed is disconnected', async (t) => {
	const server = start(t, 'anysocket-server');
	const client = start(t, 'anysocket-client', [String(await server.said('port'))]);
	const id = await server.said('connected');

	client.kill();
	assert.equal(await server.said('disconnected'), id);
});

for (const mode of ['proxy', 'no'])
	test(`a peer of a peer, where canProxy() says ${mode === 'proxy'}`, async (t) => {
		const server = start(t, 'anysocket-server', [mode]);
		const port = String(await server.said('port'));
		const one = start(t, 'anysocket-client', [port, 'stay']);
		const id = await one.said('id');
		await server.said('connected', (peer) => peer === id);
		const two = start(t, 'anysocket-client', [port, 'stay', id]);

		if (mode !== 'proxy')
			return assert.equal(await two.said('refused'), 'REFUSED');
		assert.deepEqual(await two.said('proxied'), [id, true, false]);
		await one.said('connected', (peer) => peer !== undefined);
		assert.deepEqual(await one.said('message', (msg) => msg.by), { by: 'proxy' });
	});
