// The harness itself: a bare page, a bare WebSocket to a real node, errors that are seen, and
// nothing that is left behind.
import assert from 'node:assert/strict';
import test from 'node:test';
import { absent, begin, until } from './harness.mjs';

test('a page of a node opens a bare WebSocket to it', { skip: absent }, async (t) => {
	const w = await begin(t);
	const ada = await w.up('ada');
	const tab = await w.page(ada);
	const got = await tab.run(async (leno, uri) => {
		const socket = new WebSocket(uri, 'leno');
		socket.binaryType = 'arraybuffer';
		await new Promise((done, fail) => { socket.onopen = done; socket.onerror = fail; });
		const closed = new Promise((done) => { socket.onclose = (e) => done(e.code); });
		socket.send(new Uint8Array(1000).fill(255)); // no preamble of a link
		return { protocol: socket.protocol, code: await closed };
	}, ada.uri);
	assert.deepEqual(got, { protocol: 'leno', code: 1000 });
});

test('what a page reports as an error fails its test', { skip: absent }, async (t) => {
	const w = await begin(t);
	const ada = await w.up('ada');
	const tab = await w.page(ada);
	await tab.page.evaluate(() => {
		console.error('said');
		setTimeout(() => { throw new Error('thrown'); }, 0);
	});
	await until('both errors', () => w.faults.length === 2);
	await assert.rejects(w.close(), /pages reported errors/);
	assert.match(w.faults.join(), /said.*thrown/s);
	w.faults.length = 0;
});

test('a browser that is killed is gone, and so are its tabs', { skip: absent }, async (t) => {
	const w = await begin(t);
	const ada = await w.up('ada');
	const tabs = await w.pages(2, ada);
	const { pid } = w.server.process();
	await tabs[0].crash();
	assert.equal(await tabs[1].run(() => 42), 42);
	await w.killBrowser();
	assert.throws(() => process.kill(pid, 0));
	const again = await w.page(ada);
	assert.equal(await again.run(() => document.title), 'leno');
});

test('waits have bounds', { skip: absent }, async (t) => {
	const w = await begin(t);
	const ada = await w.up('ada');
	await assert.rejects(ada.event('never', undefined, 50), /not within 50 ms/);
	await assert.rejects(until('nothing', () => false, 50), /not within 50 ms/);
	const { code, stdout } = await w.command('ping', '--discover', 'none', '--connect', ada.uri, '-c',
		'1', '--json', 'ada');
	assert.equal(code, 0);
	assert.equal(JSON.parse(stdout.split('\n')[0]).id, ada.id);
});

test('two pages meet by a TURN server on this machine', { skip: absent }, async (t) => {
	const w = await begin(t);
	const turn = await w.turn();
	if (!turn) {
		t.skip('coturn is not below build/unpacked');
		return;
	}
	const ada = await w.up('ada');
	const tab = await w.page(ada);
	const got = await tab.run(async (leno, iceServers) => {
		const options = { iceServers, iceTransportPolicy: 'relay' };
		const [a, b] = [new RTCPeerConnection(options), new RTCPeerConnection(options)];
		const kinds = new Set();
		for (const [from, to] of [[a, b], [b, a]]) {
			from.onicecandidate = ({ candidate }) => {
				if (candidate) {
					kinds.add(candidate.type);
					to.addIceCandidate(candidate);
				}
			};
		}
		const channel = a.createDataChannel('c');
		const heard = new Promise((done) => {
			b.ondatachannel = (e) => { e.channel.onmessage = (m) => done(m.data); };
		});
		channel.onopen = () => channel.send('by way of it');
		await a.setLocalDescription();
		await b.setRemoteDescription(a.localDescription);
		await b.setLocalDescription();
		await a.setRemoteDescription(b.localDescription);
		return { heard: await heard, kinds: [...kinds] };
	}, turn.iceServers);
	assert.deepEqual(got, { heard: 'by way of it', kinds: ['relay'] });
});
