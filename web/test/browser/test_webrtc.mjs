// Links between tabs: agreed on through a native node, used when that is dead, given up when there
// is no way. Each tab is in a context of its own.
import assert from 'node:assert/strict';
import test from 'node:test';
import { absent, begin, noPackage, sleep, until } from './harness.mjs';

const skip = absent || noPackage;
const NOTICE_MS = 5000;
const LINK_MS = 20_000;        // a try, and a rest of some seconds behind one that failed

const isDirect = (_, name) => {
	const id = node.find(name);

	return node.nodes.get(id).hops === 1 &&
		node.links().some((link) => link.id === id && link.uri.startsWith('webrtc://'));
};

const lacks = (_, without) => ![...node.nodes.values()].some(({ name }) => name === without);

// Says something along the relay until there is a link. How long that took.
async function link(one, name) {
	const began = Date.now();

	await one.run(async (_, to) => {
		await node.waitFor(to);
		globalThis.chatter = setInterval(() => node.trySend(to, 'chatter', new Uint8Array(200)), 50);
	}, name);
	await until(`a link to ${name}`, () => one.run(isDirect, name), LINK_MS);
	await one.run(() => clearInterval(chatter));
	return Date.now() - began;
}

// Two tabs with a link between them.
async function pair(t, options = {}) {
	const w = await begin(t);
	const ada = await w.up('ada');
	const [one, two] = await w.pages(2, ada);

	await one.join(ada, 'one', options);
	await two.join(ada, 'two', options);
	return { w, ada, one, two };
}

// Tabs go on dialling it, and their browser reports that.
function killed(w, native) {
	w.expect(/WebSocket connection to/);
	return native.kill();
}

// Counts in the second tab what the first one numbers.
const take = () => {
	globalThis.taken = { next: 0, wrong: 0 };
	node.on('message', ({ type, data }) => {
		if (type !== 'numbered')
			return;
		const number = new DataView(data.buffer, data.byteOffset).getUint32(0);

		taken.wrong += number === taken.next ? 0 : 1;
		taken.next = number + 1;
	});
};

// So many messages, a number in each, a few under way at a time; what became of them.
const pour = async (_, { to, count, size, pause = 0, window = 64 }) => {
	const sent = [], outcome = { confirmed: 0, other: 0 };
	const settled = (promise) => promise.then(() => outcome.confirmed++, () => outcome.other++);

	for (let i = 0; i < count; i++) {
		const data = new Uint8Array(size);

		new DataView(data.buffer).setUint32(0, i);
		sent.push(settled(node.send(to, 'numbered', data)));
		if (sent.length >= window)
			await sent.shift();
		if (pause)
			await new Promise((done) => { setTimeout(done, pause); });
	}
	await Promise.all(sent);
	return outcome;
};

test('two tabs that talk along a relay get a link, and need the relay no more', { skip },
	async (t) => {
		const { w, ada, one, two } = await pair(t);

		t.diagnostic(`a link after ${await link(one, 'two')} ms`);
		await until('the link at the other end', () => two.run(isDirect, 'one'));
		await two.run(take);
		const poured = one.run(pour, { to: 'two', count: 300, size: 100, pause: 10 }, 30_000);

		await sleep(800);
		await killed(w, ada);
		assert.deepEqual(await poured, { confirmed: 300, other: 0 });
		assert.deepEqual(await two.run(() => taken), { next: 300, wrong: 0 });
	});

test('what is said goes by the link, and not by the relay', { skip }, async (t) => {
	const { one, two } = await pair(t);

	await link(one, 'two');
	await sleep(300);
	await two.run(take);
	const relayed = () => one.run(() => node.links().find((l) => l.uri.startsWith('ws:')).bytesOut);
	const before = await relayed();

	await one.run(pour, { to: 'two', count: 500, size: 1000 });
	assert.deepEqual(await two.run(() => taken), { next: 500, wrong: 0 });
	assert.ok(await relayed() - before < 5000, 'what the relay got of half a megabyte');
});

test('a tab that is gone at once is missed within 5 s by whom only WebRTC links with it', { skip },
	async (t) => {
		const { w, ada, one, two } = await pair(t);

		await link(one, 'two');
		await killed(w, ada);
		const missed = two.run(async () => {
			const { why } = await node.once('node-down', { timeout: 9000 });

			return why;
		});

		await sleep(300);
		const began = Date.now();

		await one.crash();
		const why = await missed, took = Date.now() - began;

		t.diagnostic(`missed after ${took} ms, ${why}`);
		assert.ok(took < NOTICE_MS, `${took} ms`);
	});

// The one test with two browsers: a tab that crashes leaves one behind that says so.
test('a browser that is killed is missed within 5 s by whom only WebRTC links with it', { skip },
	async (t) => {
		const w = await begin(t), other = await begin(t);
		const ada = await w.up('ada');
		const one = await w.page(ada), two = await other.page(ada);

		other.network = w.network;
		await one.join(ada, 'one');
		await two.join(ada, 'two');
		await link(one, 'two');
		other.expect(/WebSocket connection to/);
		await killed(w, ada);
		await until('ada to be missed', () => one.run(lacks, 'ada'));
		const missed = one.run(() => node.once('node-down', { timeout: 9000 }));

		await sleep(1000);                     // all is quiet
		const began = Date.now();

		await other.killBrowser();
		const { name } = await missed, took = Date.now() - began;

		t.diagnostic(`missed after ${took} ms`);
		assert.equal(name, 'two');
		assert.ok(took < NOTICE_MS, `${took} ms`);
	});

test('a tab that is closed says goodbye by its channel', { skip }, async (t) => {
	const { w, ada, one, two } = await pair(t);

	await link(one, 'two');
	await killed(w, ada);
	await until('ada to be missed', () => two.run(lacks, 'ada'));
	const missed = two.run(() => node.once('node-down', { timeout: 9000 }));

	await sleep(300);
	const began = Date.now();

	await one.page.close({ runBeforeUnload: true });
	const { name, why } = await missed;

	t.diagnostic(`missed after ${Date.now() - began} ms, ${why}`);
	assert.equal(name, 'one');
	assert.ok(Date.now() - began < 2000);
});

test('a tab that is frozen is found by heartbeats, and goes on where it was', { skip }, async (t) => {
	const { one, two } = await pair(t, { heartbeat: 500 });

	await link(one, 'two');
	await two.run(take);
	const session = await two.page.context().newCDPSession(two.page);
	const began = Date.now();

	await session.send('Debugger.enable');
	await session.send('Debugger.pause');       // nothing runs there any more
	const poured = one.run(pour, { to: 'two', count: 200, size: 100, pause: 5 }, 40_000);

	await until('it to be missed', () => one.run(() => {
		try {
			return !node.nodes.has(node.find('two'));
		} catch {
			return true;
		}
	}));
	t.diagnostic(`missed after ${Date.now() - began} ms`);
	await session.send('Debugger.resume');
	assert.deepEqual(await poured, { confirmed: 200, other: 0 });
	assert.deepEqual(await two.run(() => taken), { next: 200, wrong: 0 });
});

test('a page that is put away hangs up, and is back when it is shown', { skip }, async (t) => {
	const { ada, one } = await pair(t);
	const heard = (kind) => ada.event(kind, (e) => e.name === 'one');

	await heard('node_up');
	ada.said.length = 0;
	await one.run(() => dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true })));
	await heard('link_down');
	await one.run(() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })));
	await heard('link_up');
	await sleep(1000);
	ada.said.length = 0;
	await one.run(() => dispatchEvent(new PageTransitionEvent('pagehide', { persisted: false })));
	assert.equal((await heard('node_down')).reason, 'goodbye');
	assert.ok(await one.run(() => node.signal.aborted));
	await sleep(1500);
	assert.ok(!ada.said.some((e) => e.event === 'node_up' && e.name === 'one'), 'it has come back');
});

test('a flood by the link loses nothing, and crashes nobody', { skip }, async (t) => {
	const { one, two } = await pair(t);
	const lost = () => globalThis.lost;

	await link(one, 'two');
	await two.run(take);
	for (const tab of [one, two])
		await tab.run(() => {
			globalThis.lost = [];
			node.on('link-down', ({ why }) => lost.push(why));
		});
	const poured = await one.run(pour, { to: 'two', count: 3000, size: 16384, window: 3000 }, 60_000);

	assert.deepEqual(poured, { confirmed: 3000, other: 0 });
	assert.deepEqual(await two.run(() => taken), { next: 3000, wrong: 0 });
	// A tab that nothing reaches for 0.8 s meanwhile has lost its link, and relays carry the rest.
	const whys = [...await one.run(lost), ...await two.run(lost)];
	assert.ok(await one.run(isDirect, 'two') || whys.includes('silent'), `lost: ${whys}`);
	t.diagnostic(`lost: ${whys.join() || 'nothing'}`);
});

// What nobody does who uses the package: the pipe alone has to bear it.
test('a pipe takes 48 MiB at once', { skip }, async (t) => {
	const w = await begin(t);
	const tab = await w.page(await w.up('ada'));
	const got = await tab.run(async () => {
		const { ChannelPipe } = await import('/leno/src/channel.js');
		const ends = [new RTCPeerConnection(), new RTCPeerConnection()];
		const channels = ends.map((end) => end.createDataChannel('x', { negotiated: true, id: 0 }));
		const opened = channels.map((channel) => new Promise((done) => { channel.onopen = done; }));

		ends[0].onicecandidate = ({ candidate }) => candidate && ends[1].addIceCandidate(candidate);
		ends[1].onicecandidate = ({ candidate }) => candidate && ends[0].addIceCandidate(candidate);
		await ends[0].setLocalDescription();
		await ends[1].setRemoteDescription(ends[0].localDescription);
		await ends[1].setLocalDescription();
		await ends[0].setRemoteDescription(ends[1].localDescription);
		await Promise.all(opened);
		const [from, to] = ends.map((end, i) => new ChannelPipe(end, channels[i]));
		const size = 48 << 20;
		let bytes = 0, wrong = 0;
		const all = new Promise((done) => {
			to.onbytes = (part) => {
				wrong += part[0] !== ((bytes >> 16) & 255) ? 1 : 0;
				bytes += part.length;
				if (bytes === size)
					done();
			};
			to.onclose = done;
		});
		const sent = Uint8Array.from({ length: size }, (_, i) => i >> 16);

		from.send(sent);
		const held = from.bufferedAmount, given = channels[0].bufferedAmount;

		await all;
		for (const end of [from, to])
			end.bind();
		return { bytes, wrong, held, given: given <= 1 << 20,
			same: String(from.binding) === String(to.binding) };
	}, null, 60_000);

	assert.deepEqual(got, { bytes: 48 << 20, wrong: 0, held: 48 << 20, given: true, same: true });
});

test('where nothing but TURN leads from one to the other, it does', { skip }, async (t) => {
	const w = await begin(t);
	const ada = await w.up('ada'), turn = await w.turn();

	if (!turn) {
		t.skip('there is no turnserver');
		return;
	}
	const webrtc = { iceServers: turn.iceServers, iceTransportPolicy: 'relay' };
	const [one, two] = await w.pages(2, ada);

	await one.join(ada, 'one', { webrtc });
	await two.join(ada, 'two', { webrtc });
	t.diagnostic(`a link after ${await link(one, 'two')} ms`);
	await two.run(take);
	const poured = one.run(pour, { to: 'two', count: 600, size: 100, pause: 10 }, 40_000);

	await sleep(1000);
	turn.child.kill('SIGKILL');    // the link dies; the relay is there
	assert.deepEqual(await poured, { confirmed: 600, other: 0 });
	assert.deepEqual(await two.run(() => taken), { next: 600, wrong: 0 });
});

test('where there is no way, messages keep going by the relay', { skip }, async (t) => {
	const { one, two } = await pair(t, { webrtc: { iceTransportPolicy: 'relay' } });

	await one.run(() => node.waitFor('two'));
	await two.run(take);
	assert.deepEqual(await one.run(pour, { to: 'two', count: 300, size: 100, pause: 10 }, 30_000),
		{ confirmed: 300, other: 0 });
	assert.equal(await one.run(isDirect, 'two'), false);
	assert.deepEqual(await two.run(() => taken), { next: 300, wrong: 0 });
});

test('who does not want it is not called', { skip }, async (t) => {
	const { one, two } = await pair(t, { webrtc: false });

	await one.run(() => node.waitFor('two'));
	await two.run(take);
	await one.run(pour, { to: 'two', count: 200, size: 300, pause: 10 }, 30_000);
	assert.deepEqual(await two.run(() => taken), { next: 200, wrong: 0 });
	assert.equal(await one.run(isDirect, 'two'), false);
});
