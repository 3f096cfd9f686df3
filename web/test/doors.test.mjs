// Doors of the package in Node: what comes there that is no node, and what is asked of them.
import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { test } from 'node:test';
import { World, later, part, pattern } from './support.mjs';

const { FrameReader, frame } = await part('node/ws_frames.js');
const { listenWs } = await part('node/ws.js');
const calls = { timeout: 5000 };

const quiet = { log: () => {} };
const place = (uri) => ({ port: Number(new URL(uri).port), host: '127.0.0.1' });

/** What a server answers to these bytes until it closes. */
function say(uri, bytes) {
	return new Promise((resolve, reject) => {
		const parts = [], socket = net.connect(place(uri), () => socket.write(bytes));
		socket.on('data', (data) => parts.push(data));
		socket.on('error', reject);
		socket.on('close', () => resolve(Buffer.concat(parts)));
	});
}

function upgrade(uri, headers = {}) {
	return new Promise((resolve, reject) => {
		const request = http.get({ ...place(uri), headers: { Connection: 'Upgrade',
			Upgrade: 'websocket', 'Sec-WebSocket-Version': '13',
			'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==', ...headers } });
		request.on('upgrade', (answer, socket) => resolve({ answer, socket }));
		request.on('response', (answer) => {
			answer.resume();
			resolve({ answer });
		});
		request.on('error', reject);
	});
}

test('garbage is turned away, and the node lives on', async (t) => {
	const world = new World(t), node = await world.node('ada', quiet);
	const [tcp, ws] = [await node.listen('tcp://127.0.0.1:0'), await node.listen('ws://127.0.0.1:0')];
	for (const bytes of [pattern(200), new Uint8Array(5000), Buffer.from('GET / HTTP/1.1\r\n\r\n')])
		await say(tcp, bytes);
	assert.match((await say(ws, pattern(200))).toString('latin1'), /^HTTP\/1.1 400 /);
	assert.match((await say(ws, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')).toString(), /^HTTP\/1.1 426 /);
	const other = await world.node('bob');
	await other.connect(ws, calls);
});

test('an upgrade is answered as RFC 6455 says, and leno is chosen when it is offered', async (t) => {
	const node = await new World(t).node('ada', quiet);
	const uri = await node.listen('ws://127.0.0.1:0');
	const { answer, socket } = await upgrade(uri, { 'Sec-WebSocket-Protocol': 'chat, leno' });
	assert.equal(answer.headers['sec-websocket-accept'], 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
	assert.equal(answer.headers['sec-websocket-protocol'], 'leno');
	const closed = new Promise((done) => socket.on('data', done));
	socket.write(Buffer.from('818100000000ff', 'hex'));   // text
	assert.deepEqual([...(await closed).subarray(0, 4)], [0x88, 2, 1003 >> 8, 1003 & 0xff]);
	socket.destroy();
	assert.equal((await upgrade(uri, { 'Sec-WebSocket-Version': '8' })).answer.statusCode, 426);
	assert.equal((await upgrade(uri, { Upgrade: 'h2c' })).answer?.statusCode ?? 400, 400);
});

test('a page is let in by its origin alone', async (t) => {
	const world = new World(t), page = 'https://page.example';
	const none = await (await world.node('a', quiet)).listen('ws://127.0.0.1:0');
	const one = await (await world.node('b', { ...quiet, origins: [page] })).listen('ws://127.0.0.1:0');
	const any = await (await world.node('c', { ...quiet, origins: ['*'] })).listen('ws://127.0.0.1:0');
	for (const [uri, origin, status] of [[none, page, 403], [one, page, 101],
		[one, 'https://page.example.evil', 403], [any, 'https://evil', 101], [none, undefined, 101]]) {
		const { answer, socket } = await upgrade(uri, origin ? { Origin: origin } : {});
		assert.equal(answer.statusCode, status, `${uri} ${origin}`);
		socket?.destroy();
	}
});

test('an address is listened at once, and until it is taken back', async (t) => {
	const world = new World(t);
	const [a, b] = [await world.node('ada'), await world.node('bob')];
	const uri = await a.listen('tcp://127.0.0.1:0');
	await assert.rejects(b.listen(uri), { code: 'ADDRESS_IN_USE' });
	await b.connect(uri, calls);
	a.unlisten(uri);
	assert.throws(() => a.unlisten(uri), { code: 'URI' });
	await a.send(b.id, 'still', 'here');
	const c = await world.node('cy', quiet);
	await assert.rejects(c.connect(uri, { timeout: 300 }), { code: 'TIMEOUT' });
});

test('frames of any bytes end in bytes or in a reason', () => {
	for (let seed = 0; seed < 2000; seed++) {
		const bytes = pattern(300).slice(seed % 150);
		for (let i = 0; i < 4; i++)
			bytes[i] = (seed * 31 + i * 7) ^ (seed >> i);
		let bad, controls = 0;
		const reader = new FrameReader(seed % 2 === 0, { onbytes: () => assert.equal(bad, undefined),
			oncontrol: (kind, body) => { controls++; assert.ok(body.length <= 125); },
			onbad: (code) => { assert.equal(bad, undefined); bad = code; } });
		for (let at = 0; at < bytes.length; at += 13)
			reader.take(bytes.slice(at, at + 13));
		assert.ok(bad === undefined || [1002, 1003].includes(bad));
	}
});

test('of two that wait for one address neither takes it from the other', async (t) => {
	const world = new World(t);
	const a = await world.node('ada'), b = await world.node('bob');
	const door = await b.listen('tcp://127.0.0.1:0');
	b.unlisten(door);
	const patient = a.connect(door, { timeout: 10000 });
	await assert.rejects(a.connect(door, { timeout: 50 }), { code: 'TIMEOUT' });
	await b.listen(door);
	assert.equal(await patient, b.id);
	await assert.rejects(a.connect(door, { signal: AbortSignal.abort(new Error('no')) }), /no/);
	const back = a.once('link-up', { timeout: 10000 });
	b.disconnect(a.id);
	assert.equal((await back).id, b.id);
	a.forget(door);
	assert.throws(() => a.forget(door), { code: 'URI' });
});

test('who pings without end and reads nothing has no queue without end', async (t) => {
	let pipe;
	const door = await listenWs('ws://127.0.0.1:0', { open: true, origins: [],
		pipe: (one) => { pipe = one; } });
	const socket = net.connect(place(door.uri));
	t.after(() => {
		socket.destroy();
		door.close();
	});
	socket.pause();
	socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
		`Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${'x'.repeat(22)}==\r\n\r\n`);
	const ping = frame(9, pattern(125), Uint8Array.of(1, 2, 3, 4));
	const many = Buffer.concat(Array.from({ length: 1000 }, () => ping));
	let most = 0;
	for (let i = 0; i < 200; i++) {
		await new Promise((done) => { socket.write(many, done); });
		most = Math.max(most, pipe?.bufferedAmount ?? 0);
	}
	assert.ok(pipe && most < 256 * 1024, `${most} bytes wait`);
});

test('who has connected and says nothing does not hold up the end', { timeout: 5000 }, async (t) => {
	const node = await new World(t).node('ada');
	const socket = net.connect(place(await node.listen('ws://127.0.0.1:0')));
	t.after(() => socket.destroy());
	await new Promise((done) => { socket.on('connect', done); });
	await later(50);              // until the server has it
	const begun = Date.now();
	await node.close();
	assert.ok(Date.now() - begun < 1000, `${Date.now() - begun} ms`);
});
