// webrtc.mjs - a link between two tabs beside a bare data channel between the same two; a line a
// figure, as `make bench` prints them:
//
//     peer metric size value unit  # min..max
//
// The median of PASSES, in which what is compared is measured in turns, after round trips that do not
// count: browsers compile what runs often. One browser, one native node, over which the two meet.
// Needs the package (LENO_PACKAGE).
import { absent, begin, noPackage, sleep, until } from '../test/browser/harness.mjs';

const PASSES = 5;
const SECONDS = 1.5;           // of each measurement of a rate
const TURNS = 2000;            // round trips of each measurement of those
const SIZES = [64, 1024, 16384];
const ROUND_TRIP_MOST = 1.2, RATE_LEAST = 0.9;
const PATIENCE_MS = 30_000;

// ---- evaluated in the tabs ---------------------------------------------------------------

// A bare channel, without trickling. What one end echoes or counts the other one asks for.
async function offer() {
	globalThis.connection = new RTCPeerConnection();
	globalThis.channel = connection.createDataChannel('bare', { negotiated: true, id: 0 });
	channel.binaryType = 'arraybuffer';
	channel.bufferedAmountLowThreshold = 64 * 1024;
	return described();
}

async function describe(_, sdp) {
	await connection.setRemoteDescription(sdp);
	return sdp.type === 'offer' ? described() : null;
}

// Shared by both: evaluated first.
function prepare() {
	globalThis.described = async () => {
		await connection.setLocalDescription();
		if (connection.iceGatheringState !== 'complete')
			await new Promise((done) => {
				connection.onicegatheringstatechange = () =>
					connection.iceGatheringState === 'complete' && done();
			});
		return connection.localDescription.toJSON();
	};
	globalThis.counted = 0;
}

// The passive end: counts what is long or asked to be counted, gives back what is to come back.
function serve(_, other) {
	channel.onmessage = ({ data }) => {
		const first = new Uint8Array(data)[0];

		if (first === 1)
			channel.send(data);
		else if (first === 2)
			channel.send(Float64Array.of(counted));
		else
			counted++;
	};
	node.on('message', (m) => {
		if (m.type === 'e')
			node.trySend(other, 'e', m.data);
		else
			counted++;
	});
	node.handle('count', () => String(counted));
}

// Microseconds, the median of many; each is the mean of ten in a row, since the clock of a page
// has a tenth of a millisecond.
async function roundTrips(_, { to, size, turns }) {
	const TOGETHER = 10;
	const data = new Uint8Array(size).fill(1), times = [];
	let done;
	const came = () => done();
	const off = to ? node.on('message', came) : () => { channel.onmessage = null; };

	if (!to)
		channel.onmessage = came;
	for (let i = 0; i < turns; i += TOGETHER) {
		const began = performance.now();

		for (let k = 0; k < TOGETHER; k++)
			await new Promise((resolve) => {
				done = resolve;
				if (to)
					node.trySend(to, 'e', data);
				else
					channel.send(data);
			});
		times.push((performance.now() - began) / TOGETHER);
	}
	off();
	return times.sort((a, b) => a - b)[times.length >> 1] * 1000;
}

// Messages a second that came, of a sender that keeps the browser's queue filled, not flooded.
async function bareRate(_, { size, seconds }) {
	const HIGH = 1 << 20;
	const data = new Uint8Array(size);
	const count = () => new Promise((done) => {
		channel.onmessage = (m) => done(new Float64Array(m.data)[0]);
		channel.send(Uint8Array.of(2));
	});
	const before = await count(), began = performance.now();
	const room = () => new Promise((done) => { channel.onbufferedamountlow = done; });

	while (performance.now() < began + seconds * 1000) {
		while (channel.bufferedAmount < HIGH && performance.now() < began + seconds * 1000)
			channel.send(data);
		if (channel.bufferedAmount > channel.bufferedAmountLowThreshold)
			await room();
	}
	return (await count() - before) / (performance.now() - began) * 1000;
}

async function lenoRate(_, { to, size, seconds }) {
	const BETWEEN = 256;
	const data = new Uint8Array(size);
	const count = async () => Number(new TextDecoder().decode(
		await node.request(to, 'count', '', { timeout: 20000 })));
	const turn = () => new Promise((done) => {
		const { port1, port2 } = new MessageChannel();

		port1.onmessage = done;
		port2.postMessage(0);
	});
	const before = await count(), began = performance.now();

	while (performance.now() < began + seconds * 1000) {
		let i = 0;

		while (i < BETWEEN && node.trySend(to, 'b', data))
			i++;
		await (i < BETWEEN ? node.writable(to) : turn());
	}
	return (await count() - before) / (performance.now() - began) * 1000;
}

// ---- all of it -----------------------------------------------------------------------------

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

function say(peer, metric, size, values, unit) {
	const show = (v) => (v < 100 ? v.toFixed(2) : v.toFixed(0));

	console.log(`${peer} ${metric} ${size} ${show(median(values))} ${unit}  # ` +
		`${show(Math.min(...values))}..${show(Math.max(...values))}`);
}

function judge(what, size, ratio, good, goal) {
	console.log(`# a link beside a bare data channel, ${what}, ${size} B: ${ratio.toFixed(2)}x, ` +
		`wanted ${goal}: ${good ? 'ok' : 'MISS'}`);
}

async function meet(one, two) {
	const id = two.id;

	await one.run((_, to) => node.waitFor(to), id);
	const linked = () => one.run(async (_, to) => {
		node.trySend(to, 'b', new Uint8Array(200));
		return node.nodes.get(to)?.hops === 1;
	}, id);

	await until('a link', linked, PATIENCE_MS);
	for (const tab of [one, two])
		await tab.run(prepare);
	await two.run(offer);
	await one.run(offer);
	const description = await one.run(() => described());

	await one.run(describe, await two.run(describe, description));
	await until('a channel', () => one.run(() => channel.readyState === 'open'));
	await two.run(serve, one.id);
	await sleep(500);
}

async function main() {
	const missing = absent || noPackage;

	if (missing)
		throw new Error(missing);
	const ends = [];
	const w = await begin({ after: (end) => ends.push(end) });
	const ada = await w.up('ada');
	const [one, two] = await w.pages(2, ada);

	await one.join(ada, 'one');
	await two.join(ada, 'two');
	await meet(one, two);
	const to = two.id;

	for (const size of SIZES) {
		const bare = [], leno = [], rates = { bare: [], leno: [] };

		for (const warm of [{ size, turns: TURNS }, { to, size, turns: TURNS }])
			await one.run(roundTrips, warm, PATIENCE_MS);
		for (let pass = 0; pass < PASSES; pass++) {
			bare.push(await one.run(roundTrips, { size, turns: TURNS }, PATIENCE_MS));
			leno.push(await one.run(roundTrips, { to, size, turns: TURNS }, PATIENCE_MS));
			rates.bare.push(await one.run(bareRate, { size, seconds: SECONDS }, PATIENCE_MS));
			rates.leno.push(await one.run(lenoRate, { to, size, seconds: SECONDS }, PATIENCE_MS));
		}
		say('datachannel', 'roundtrip_p50', size, bare, 'us');
		say('leno-webrtc', 'roundtrip_p50', size, leno, 'us');
		say('datachannel', 'throughput', size, rates.bare, 'msg/s');
		say('leno-webrtc', 'throughput', size, rates.leno, 'msg/s');
		const slower = median(leno) / median(bare);
		const rate = median(rates.leno) / median(rates.bare);

		judge('round trip', size, slower, slower <= ROUND_TRIP_MOST, `<= ${ROUND_TRIP_MOST}`);
		judge('rate', size, rate, rate >= RATE_LEAST, `>= ${RATE_LEAST}`);
	}
	for (const end of ends)
		await end();
}

await main();
process.exit(0);
