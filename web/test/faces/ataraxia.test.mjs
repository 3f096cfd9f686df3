// Ataraxia's README, told by leno: discovery, manual peers, machine-local networks, services.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { ALONE, start } from './support.mjs';

/** A folder for sockets that is this test's alone. */
async function folder(t) {
	const made = await mkdtemp(path.join(os.tmpdir(), 'leno-faces-'));

	t.after(() => rm(made, { recursive: true }));
	return { XDG_RUNTIME_DIR: made };
}

test('two find each other by multicast DNS and say hello', { skip: !ALONE }, async (t) => {
	const both = start(t, 'pair', ['ataraxia-hello', 'ataraxia-hello'], { within: ALONE });

	for (const who of ['a', 'b']) {
		const other = await both.said(who === 'a' ? 'b' : 'a', (line) => 'id' in line);

		await both.said(who, (line) => line.available === other.id);
		await both.said(who, (line) => line.sent === other.id);
		assert.deepEqual((await both.said(who, (line) => 'message' in line)).message,
			['hello', null, other.id]);
	}
});

test('a manual peer reaches a well-known port; data is what it was; leaving is seen', async (t) => {
	const server = start(t, 'ataraxia-port', ['0']);
	const { joined, again, id, port } = await server.said('joined').then(() =>
		server.lines.find((line) => 'joined' in line));

	assert.deepEqual([joined, again], [true, false]);
	const client = start(t, 'ataraxia-port', ['0', '127.0.0.1', String(port)]);

	assert.equal(await client.said('available'), id);
	assert.equal(await client.said('confirmed'), id);
	for (const one of [server, client])
		assert.deepEqual(await one.said('message'), ['numbers', [1, 2.5, null], 'ä', [1, 2]]);
	assert.equal((await client.said('from')).text, 'ä');
	client.kill('SIGTERM');
	assert.equal(await client.said('left'), true);
	await server.said('unavailable');
});

test('who shares the secret is let in, and nobody else', async (t) => {
	const secret = (digit) => ({ env: { SECRET: `leno secret 1 ${digit.repeat(64)}` } });
	const server = start(t, 'ataraxia-port', ['0'], secret('1'));
	await server.said('joined');
	const { port } = server.lines.find((line) => 'port' in line);
	const wrong = start(t, 'ataraxia-port', ['0', '127.0.0.1', String(port)], secret('2'));

	await wrong.said('joined');
	const right = start(t, 'ataraxia-port', ['0', '127.0.0.1', String(port)], secret('1'));

	assert.equal(await right.said('available'), await server.said('id'));
	assert.equal(await server.said('available'), await right.said('id'));
	assert.ok(!wrong.lines.some((line) => 'available' in line));
	assert.equal(server.lines.filter((line) => 'available' in line).length, 1);
});

test('of three on one machine one leads; when it dies another does', async (t) => {
	const env = await folder(t);
	const name = `local-${randomUUID().slice(0, 8)}`;
	const three = [];

	for (let i = 0; i < 3; i++) {
		three.push(start(t, 'ataraxia-local', [name], { env }));
		await three[i].said('id');
	}
	const ids = await Promise.all(three.map((one) => one.said('id')));

	for (const one of three)
		for (const id of ids)
			if (id !== await one.said('id'))
				await one.said('available', (there) => there === id);
	await three[0].said('leader');
	assert.ok(!three[1].lines.some((line) => line.leader));
	assert.ok(!three[2].lines.some((line) => line.leader));
	three[0].kill();
	const next = await Promise.race(three.slice(1).map((one) =>
		one.said('leader').then(() => one)));
	const last = three.slice(1).find((one) => one !== next);
	const fourth = start(t, 'ataraxia-local', [name], { env });

	await fourth.said('available', (id) => id === ids[three.indexOf(last)]);
	assert.ok(!last.lines.some((line) => line.leader));
});

test('a service is found, called both ways, heard; a group is told; states are seen', async (t) => {
	const env = await folder(t);
	const name = `services-${randomUUID().slice(0, 8)}`;
	const caller = start(t, 'ataraxia-echo', [name, 'call'], { env });

	assert.equal(await caller.said('before'), false);
	const provider = start(t, 'ataraxia-echo', [name, 'serve'], { env });

	assert.deepEqual(await provider.said('own'), [true, 'to ourselves']);
	assert.equal(await caller.said('available'), 'echo');
	assert.equal(await caller.said('called'), 'Hello world');
	assert.equal(await caller.said('proxied'), 'once more');
	assert.equal(await caller.said('failed'), 'REFUSED');
	await caller.said('heard', (text) => text === 'once more');
	const [type, data] = await provider.said('group');

	assert.deepEqual([type, data], ['note', { n: 1 }]);
	assert.equal(await provider.said('mood'), 'none');
	const [id, mood] = await caller.said('mine');

	assert.equal(mood, 'glad 1');
	await provider.said('state', (update) => update[0] === id && update[1] === 'glad 1');
	provider.kill();
	assert.equal(await caller.said('unavailable'), 'echo');
});
