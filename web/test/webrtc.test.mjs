// What becomes of calls, with a browser of a few lines in place of WebRTC. The real one is met in
// test/browser/test_webrtc.mjs.
import { after, afterEach, beforeEach, describe, it, mock } from 'node:test';
import assert from 'node:assert/strict';

import { ChannelPipe, bindingOf } from '../src/channel.js';
import { Caller, TYPE } from '../src/webrtc.js';

const print = (byte) => Array(32).fill(byte.toString(16).padStart(2, '0')).join(':').toUpperCase();
const sdp = (...lines) => ['v=0', ...lines].join('\r\n') + '\r\n';
const printed = (byte) => sdp(`a=fingerprint:sha-256 ${print(byte)}`);

/* ---- a browser ------------------------------------------------------------------------------ */

const connections = [];

class Channel {
	readyState = 'connecting';
	bufferedAmount = 0;
	sent = [];
	send(chunk) {
		this.sent.push(chunk.slice());
		this.bufferedAmount += chunk.length;
	}
	leave() {                  // all that is buffered
		this.bufferedAmount = 0;
		this.onbufferedamountlow?.();
	}
	open() {
		this.readyState = 'open';
		this.onopen?.();
	}
	close() {
		this.readyState = 'closed';
		this.onclose?.();
	}
}

class Connection {
	connectionState = 'new';
	sctp = { maxMessageSize: 262144 };
	candidates = [];
	closed = false;
	constructor(config) {
		this.config = config;
		this.print = connections.push(this);
	}
	createDataChannel(label, options) {
		this.made = { label, options };
		this.channel = new Channel();
		return this.channel;
	}
	async setLocalDescription() {
		this.localDescription = { sdp: printed(this.print) };
	}
	async setRemoteDescription({ sdp: text }) {
		if (!text.startsWith('v=0'))
			throw new TypeError('no description');
		this.remoteDescription = { sdp: text };
	}
	async addIceCandidate(candidate) {
		if (!this.remoteDescription)
			throw new Error('before its description');
		this.candidates.push(candidate);
	}
	found(text) {
		this.onicecandidate?.({ candidate: text && { toJSON: () => ({ candidate: text }) } });
	}
	stats = new Map();
	async getStats() {
		return this.stats;
	}
	asks(requestsSent, responsesReceived) {
		this.stats = new Map([['t', { id: 't', type: 'transport', selectedCandidatePairId: 'p' }],
			['q', { id: 'q', type: 'candidate-pair', requestsSent: 9, responsesReceived: 9 }],
			['p', { id: 'p', type: 'candidate-pair', requestsSent, responsesReceived }]]);
	}
	become(state) {
		this.connectionState = state;
		this.onconnectionstatechange?.();
	}
	close() {
		this.closed = true;
	}
}
globalThis.RTCPeerConnection = Connection;
after(() => { delete globalThis.RTCPeerConnection; });

/* ---- nodes ---------------------------------------------------------------------------------- */

const ID = (digit) => `00000000-0000-8000-8000-00000000000${digit}`;
const nodes = new Map();
const settle = () => new Promise(setImmediate);

class Node {
	said = [];
	pipes = [];
	constructor(digit) {
		this.id = ID(digit);
		nodes.set(this.id, this);
	}
	handle(type, handler) {
		assert.equal(type, TYPE);
		this.handler = handler;
		return () => { this.handler = null; };
	}
	// As the session does it: in order.
	request(to, type, data) {
		const text = new TextDecoder().decode(data);

		this.said.push(JSON.parse(text));
		return this.put(to, text);
	}
	async put(to, text) {
		await settle();
		const answer = await nodes.get(to).handler?.({ from: this.id, type: TYPE, text,
			data: new TextEncoder().encode(text) });

		return new TextEncoder().encode(answer ?? '');
	}
	attach(pipe, uri) {
		this.pipes.push({ pipe, uri });
	}
}

const uri = (digit) => 'webrtc://' + ID(digit);
const never = () => new AbortController().signal;
const dialled = (promise) => promise.then((pipe) => ({ pipe }), (error) => ({ error }));

async function until(what) {
	for (let i = 0; i < 100 && !what(); i++)
		await settle();
	assert.ok(what());
}

let a, b, ours, theirs;

beforeEach(() => {
	connections.length = 0;
	nodes.clear();
	a = new Node('a');
	b = new Node('b');
	ours = new Caller(a, { iceServers: [{ urls: 'stun:x' }], iceTransportPolicy: 'relay' });
	theirs = new Caller(b);
});

afterEach(() => {
	ours.stop();
	theirs.stop();
	for (const connection of connections)
		connection.channel?.close();
});

async function call() {
	const dial = dialled(ours.dial(uri('b'), { signal: never() }));

	await until(() => connections[0]?.remoteDescription);
	connections[1].channel.open();
	connections[0].channel.open();
	await until(() => b.pipes.length === 1);
	return { one: (await dial).pipe, two: b.pipes[0].pipe };
}

describe('what binds a pipe', () => {
	const rows = [
		['is the same at both ends', printed(7), printed(200), true],
		['is sorted as bytes are', printed(127), printed(128), true],
		['may be said twice', sdp(`a=fingerprint:sha-256 ${print(1)}`,
			`a=fingerprint:SHA-256 ${print(1).toLowerCase()}`), printed(2), true],
		['is not another hash', sdp(`a=fingerprint:sha-1 ${print(1)}`), printed(2), false],
		['is not one of two', sdp(`a=fingerprint:sha-256 ${print(1)}`,
			`a=fingerprint:sha-256 ${print(3)}`), printed(2), false],
		['is there', sdp('a=setup:active'), printed(2), false],
		['is whole', sdp('a=fingerprint:sha-256 01:02'), printed(2), false],
	];

	for (const [why, local, remote, good] of rows)
		it(why, () => {
			const one = { localDescription: { sdp: local }, remoteDescription: { sdp: remote } };
			const two = { localDescription: { sdp: remote }, remoteDescription: { sdp: local } };

			if (!good) {
				assert.throws(() => bindingOf(one), /fingerprint/);
				return;
			}
			assert.deepEqual(bindingOf(one), bindingOf(two));
			assert.equal(bindingOf(one).length, 64);
			assert.ok(bindingOf(one)[0] < bindingOf(one)[32]);
		});
});

describe('a call', () => {
	it('ends with a pipe at both ends', async () => {
		const { one, two } = await call();

		assert.equal(b.pipes[0].uri, uri('a'));
		assert.deepEqual(one.binding, two.binding);
		assert.equal(one.kind, 'datagram');
		assert.deepEqual(connections[0].config,
			{ iceServers: [{ urls: 'stun:x' }], iceTransportPolicy: 'relay' });
		assert.deepEqual(connections[0].made, { label: 'leno',
			options: { protocol: 'leno/1', negotiated: true, id: 0, ordered: true } });
	});

	it('trickles candidates, which wait for their description', async () => {
		const dial = dialled(ours.dial(uri('b'), { signal: never() }));

		connections[0].found('early');
		await until(() => a.said.length > 0);
		connections[0].found('late');
		connections[0].found(null);
		await until(() => connections[1]?.candidates.length === 3);
		assert.deepEqual(connections[1].candidates,
			[{ candidate: 'early' }, { candidate: 'late' }, undefined]);
		assert.equal(typeof a.said[0].offer, 'string');
		connections[1].found('answer');
		await until(() => connections[0].candidates.length === 1);
		ours.stop();
		assert.match((await dial).error.message, /closed/);
	});

	it('takes so many candidates and no more', async () => {
		dialled(ours.dial(uri('b'), { signal: never() }));
		await until(() => connections[0]?.remoteDescription);
		for (let i = 0; i < 80; i++)
			connections[0].found('x' + i);
		await until(() => connections[1].candidates.length === 64);
		for (let i = 0; i < 20; i++)
			await settle();
		assert.equal(connections[1].candidates.length, 64);
		assert.ok(!connections[0].closed && !connections[1].closed);
	});

	it('that fails with an open channel leaves nothing running', async () => {
		const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
		const before = timers();
		const call = new Node('f').put(b.id, JSON.stringify({ call: 'e'.repeat(32), offer: 'v=0' }));

		await settle();
		await settle();
		const [connection] = connections;

		connection.localDescription = { sdp: sdp('no fingerprint') };
		connection.channel.open();
		await dialled(call);
		theirs.stop();
		assert.ok(connection.closed);
		assert.equal(timers(), before);
	});

	it('is given up by its signal, and the other side hears so', async () => {
		const controller = new AbortController();
		const dial = dialled(ours.dial(uri('b'), { signal: controller.signal }));

		await until(() => connections[0]?.remoteDescription);
		controller.abort(new Error('enough'));
		assert.equal((await dial).error.message, 'enough');
		assert.ok(connections[0].closed);
		await until(() => connections[1].closed);
	});

	it('has a deadline', async () => {
		mock.timers.enable({ apis: ['setTimeout'] });
		const dial = dialled(ours.dial(uri('b'), { signal: never() }));

		await until(() => connections[0]?.remoteDescription);
		mock.timers.tick(15000);
		mock.timers.reset();
		assert.match((await dial).error.message, /in time/);
		assert.ok(connections[0].closed && connections[1].closed);
	});

	it('may have its channel before its answer is set', async () => {
		let set;
		const slow = new Promise((resolve) => { set = resolve; });
		const before = Connection.prototype.setRemoteDescription;

		Connection.prototype.setRemoteDescription = async function (description) {
			if (this.print === 1)
				await slow;
			return before.call(this, description);
		};
		const dial = dialled(ours.dial(uri('b'), { signal: never() }));

		await until(() => connections[1]?.localDescription);
		for (let i = 0; i < 10; i++)
			await settle();
		connections[1].channel.open();
		connections[0].channel.open();
		connections[0].channel.onmessage({ data: Uint8Array.of(9).buffer });
		await settle();
		set();
		Connection.prototype.setRemoteDescription = before;
		const { pipe } = await dial, bytes = [];

		assert.equal(pipe.binding.length, 64);
		pipe.onbytes = (more) => bytes.push(...more);
		pipe.onclose = () => {};
		await settle();
		assert.deepEqual(bytes, [9]);
	});

	it('ends though its browser says nothing of what was closed', async () => {
		const before = Connection.prototype.setLocalDescription;

		Connection.prototype.setLocalDescription = () => new Promise(() => {});
		const dial = dialled(ours.dial(uri('b'), { signal: never() }));
		const offer = dialled(a.put(b.id, JSON.stringify({ call: 'd'.repeat(32), offer: 'v=0' })));

		await settle();
		ours.stop();
		await settle();
		theirs.stop();
		Connection.prototype.setLocalDescription = before;
		assert.match((await dial).error.message, /closed/);
		assert.match((await offer).error.message, /closed/);
	});

	it('fails when no way is found', async () => {
		const dial = dialled(ours.dial(uri('b'), { signal: never() }));

		await until(() => connections[0]?.remoteDescription);
		connections[0].become('failed');
		assert.match((await dial).error.message, /no way/);
	});

	it('is one of two when both dial: the lower id is the dialler', async () => {
		const one = dialled(ours.dial(uri('b'), { signal: never() }));
		const two = dialled(theirs.dial(uri('a'), { signal: never() }));

		assert.match((await two).error.message, /the other side dials|here already/);
		await until(() => connections[0].remoteDescription);
		for (const { closed, channel } of connections)
			if (!closed)
				channel.open();
		assert.ok((await one).pipe);
		assert.equal(connections.filter((c) => !c.closed).length, 2);
		assert.equal(a.pipes.length, 0);
		await until(() => b.pipes.length === 1);
	});

	it('gives way to a newer one of the same node', async () => {
		const offer = (call) => a.put(b.id, JSON.stringify({ call: call.repeat(32), offer: 'v=0' }));

		await offer('1');
		await offer('2');
		assert.ok(connections[0].closed);
		assert.ok(!connections[1].closed);
	});

	it('is answered to one node so often, and again later', async () => {
		let now = performance.now();

		mock.method(performance, 'now', () => now);
		const offer = (i) => dialled(a.put(b.id, JSON.stringify({
			call: i.toString(16).padStart(32, '0'), offer: 'v=0' })));
		const errors = [];

		for (let i = 0; i < 20; i++)
			errors.push((await offer(i)).error?.code);
		assert.equal(connections.length, 8);
		assert.deepEqual(errors.slice(7, 9), [undefined, 'BUSY']);
		now += 15001;
		assert.equal((await offer(99)).error, undefined);
		mock.restoreAll();
	});

	it('is answered to sixteen at a time', async () => {
		const offers = Array.from({ length: 20 }, (_, i) => {
			const offer = JSON.stringify({ call: 'a'.repeat(32), offer: 'v=0' });

			return dialled(new Node('0' + i).put(b.id, offer));
		});
		const answers = await Promise.all(offers);

		assert.equal(answers.filter(({ error }) => error).length, 4);
	});

	it('is not made with oneself, with nobody, or twice', async () => {
		const first = dialled(ours.dial(uri('b'), { signal: never() }));

		for (const bad of [uri('a'), uri('b'), 'webrtc://', 'webrtc://host:1', uri('b') + '/'])
			assert.match((await dialled(ours.dial(bad, { signal: never() }))).error.message,
				/no such node/);
		ours.stop();
		assert.ok((await first).error);
	});
});

describe('signals of who is hostile', () => {
	const call = 'c'.repeat(32);
	const rows = [
		['no JSON', '{'],
		['no object', '7'],
		['null', 'null'],
		['without a call', '{"offer":"v=0"}'],
		['a call that is no name', '{"call":"../../x","offer":"v=0"}'],
		['a call that is no text', `{"call":["${call}"],"offer":"v=0","toString":1}`, true],
		['an offer that is none', `{"call":"${call}","offer":"no"}`],
		['too long', `{"call":"${call}","offer":"v=0${'x'.repeat(40000)}"}`],
	];

	for (const [why, text, maybe] of rows)
		it(why + ': refused, and nothing is left of it', async () => {
			const { error } = await dialled(a.put(b.id, text));

			assert.ok(error || maybe);
			assert.ok(connections.every((c) => c.closed || maybe));
		});

	it('of calls that are not known mean nothing', async () => {
		for (const rest of ['"bye":true', '"candidate":{"candidate":"x"}', '"other":1'])
			await a.put(b.id, `{"call":"${call}",${rest}}`);
		assert.equal(connections.length, 0);
	});
});

describe('a pipe', () => {
	const listen = (pipe) => {
		const heard = { bytes: [], drained: 0, closed: null };

		pipe.onbytes = (bytes) => heard.bytes.push(...bytes);
		pipe.ondrain = () => heard.drained++;
		pipe.onclose = (error) => { heard.closed = error ?? 'closed'; };
		return heard;
	};

	it('gives the browser a megabyte, and keeps the rest in order', async () => {
		const { one } = await call(), heard = listen(one), { channel } = connections[0];
		const sent = Uint8Array.from({ length: 3 << 20 }, (_, i) => (i >> 10) % 251);

		one.send(sent);
		assert.equal(one.bufferedAmount, sent.length);
		assert.equal(channel.bufferedAmount, 1 << 20);
		sent.fill(255, 1 << 20);               // the rest had been copied
		for (let i = 0; i < 3; i++)
			channel.leave();
		assert.equal(one.bufferedAmount, 0);
		assert.equal(heard.drained, 1);
		const left = Buffer.concat(channel.sent);

		assert.equal(left.length, 3 << 20);
		assert.ok(left.every((byte, i) => byte === (i >> 10) % 251));
		assert.ok(channel.sent.every((chunk) => chunk.length <= 65536));
	});

	it('sends what the other end takes, and no longer', async () => {
		const connection = new Connection({}), channel = connection.createDataChannel('', {});

		connection.localDescription = { sdp: printed(1) };
		connection.remoteDescription = { sdp: printed(2) };
		connection.sctp = { maxMessageSize: 1000 };
		new ChannelPipe(connection, channel).send(new Uint8Array(2500));
		assert.deepEqual(channel.sent.map((chunk) => chunk.length), [1000, 1000, 500]);
	});

	it('keeps what came before somebody listened', async () => {
		const { two } = await call(), { channel } = connections[1];

		channel.onmessage({ data: Uint8Array.of(1, 2).buffer });
		channel.onmessage({ data: Uint8Array.of(3).buffer });
		const heard = listen(two);

		await settle();
		channel.onmessage({ data: Uint8Array.of(4).buffer });
		assert.deepEqual(heard.bytes, [1, 2, 3, 4]);
	});

	it('keeps so much and no more of it', async () => {
		const { two } = await call(), { channel } = connections[1];

		for (let i = 0; i < 5; i++)
			channel.onmessage?.({ data: new ArrayBuffer(16384) });
		const heard = listen(two);

		await settle();
		assert.match(heard.closed.message, /too much/);
	});

	it('may not be told how its browser is', async () => {
		mock.timers.enable({ apis: ['setInterval'] });
		let now = performance.now();

		mock.method(performance, 'now', () => now);
		const { one } = await call(), heard = listen(one), [connection] = connections;

		connection.getStats = async () => { throw new Error('closed'); };
		for (let i = 0; i < 10; i++) {
			now += 500;
			mock.timers.tick(500);
			await settle();
		}
		mock.timers.reset();
		mock.restoreAll();
		assert.equal(heard.closed, null);
	});

	it('that was over before somebody listened says so', async () => {
		const { two } = await call();

		connections[1].channel.close();
		const heard = listen(two);

		await settle();
		assert.equal(heard.closed, 'closed');
	});

	it('is over when the connection has failed, or nothing was heard for a while', async () => {
		for (const state of ['failed', 'disconnected']) {
			const { one } = await call(), heard = listen(one);

			await settle();
			mock.timers.enable({ apis: ['setTimeout'] });
			connections[0].become(state);
			mock.timers.tick(1500);
			mock.timers.reset();
			assert.match(heard.closed.message, /failed|nothing is heard/);
			assert.ok(connections[0].closed);
			connections[1].channel.close();
			connections.length = b.pipes.length = 0;
		}
	});

	it('is not over when it was silent for a moment', async () => {
		const { one } = await call(), heard = listen(one);

		await settle();
		mock.timers.enable({ apis: ['setTimeout'] });
		connections[0].become('disconnected');
		mock.timers.tick(1000);
		connections[0].become('connected');
		mock.timers.tick(60000);
		mock.timers.reset();
		assert.equal(heard.closed, null);
	});

	it('is over when the other browser has no answer any more', async () => {
		let now = performance.now();

		mock.timers.enable({ apis: ['setInterval'] });
		mock.method(performance, 'now', () => now);
		const { one } = await call(), heard = listen(one), [connection] = connections;
		const pass = async (ms) => {
			for (; ms > 0; ms -= 500) {
				now += 500;
				mock.timers.tick(500);
				await settle();
			}
		};

		connection.asks(10, 10);
		await pass(30000);                     // it asks seldom: that is no silence
		connection.asks(11, 11);
		await pass(2000);
		connection.asks(14, 11);
		connection.channel.onmessage({ data: new ArrayBuffer(1) });
		await pass(1500);                      // it says something itself
		assert.equal(heard.closed, null);
		now += 60000;                          // we were frozen
		await pass(1000);
		assert.equal(heard.closed, null);
		connection.asks(15, 11);
		await pass(1500);
		connection.asks(17, 11);
		await pass(1000);
		mock.timers.reset();
		mock.restoreAll();
		assert.match(heard.closed.message, /nothing is heard/);
	});

	it('that is closed sends what it has first, and says nothing more', async () => {
		const { one } = await call(), heard = listen(one), { channel } = connections[0];

		await settle();
		one.send(new Uint8Array(2 << 20));
		one.close();
		assert.equal(channel.readyState, 'open');
		channel.leave();
		channel.leave();
		assert.equal(channel.readyState, 'closed');
		assert.equal(Buffer.concat(channel.sent).length, 2 << 20);
		assert.ok(connections[0].closed);
		assert.equal(heard.closed, null);
	});

	it('takes no text', async () => {
		const { one } = await call(), heard = listen(one);

		await settle();
		connections[0].channel.onmessage({ data: 'hello' });
		assert.match(heard.closed.message, /text/);
	});
});
