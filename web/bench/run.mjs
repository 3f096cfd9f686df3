// run.mjs - what leno does in a page, beside what the page could do alone; a line a figure, as
// `make bench` prints them:
//
//     peer metric size value unit  # min..max
//
// The median of PASSES, in which what is compared is measured in turns. One browser, two native
// processes. Needs a build with LENO_BENCH=ON, and the package (LENO_PACKAGE).
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { BUILD, absent, begin, noPackage, own, within } from '../test/browser/harness.mjs';

const SINK = path.join(BUILD, 'leno-sink');
const PASSES = Number(process.env.PASSES ?? 5);
const SECONDS = 1.5; // of each measurement
const SIZES = [64, 1024, 16384];
const GOAL = 0.8;
const PATIENCE_MS = 30_000;

// ---- a bare WebSocket ----------------------------------------------------------------

// Counts frames, and looks at nothing in them: the cheapest end that there can be. A text frame
// asks how many came since the last one.
class Frames {
	constructor(socket) {
		this.socket = socket;
		this.count = 0;
		this.left = 0; // of a payload
		this.rest = Buffer.alloc(0);
	}

	take(data) {
		let at = 0;
		if (this.rest.length > 0) {
			data = Buffer.concat([this.rest, data]);
			this.rest = Buffer.alloc(0);
		}
		while (at < data.length) {
			const skipped = Math.min(this.left, data.length - at);
			at += skipped;
			this.left -= skipped;
			if (this.left > 0 || at === data.length)
				return;
			const head = this.head(data, at);
			if (head === 0) {
				this.rest = data.subarray(at);
				return;
			}
			at += head;
		}
	}

	// The size of a head; 0: it is not whole.
	head(data, at) {
		const kind = data[at] & 15, short = data[at + 1] & 127;
		const size = 2 + 4 + (short === 126 ? 2 : short === 127 ? 8 : 0);
		if (data.length - at < size)
			return 0;
		this.left = short === 126 ? data.readUInt16BE(at + 2)
			: short === 127 ? data.readUInt32BE(at + 6) : short;
		if (kind === 1)
			this.say();
		else if (kind === 2)
			this.count++;
		return size;
	}

	say() {
		const text = String(this.count);
		this.count = 0;
		this.socket.write(Buffer.concat([Buffer.from([0x81, text.length]), Buffer.from(text)]));
	}
}

function bareServer() {
	const server = net.createServer((socket) => {
		let head = '', frames = null;
		socket.setNoDelay(true);
		socket.on('error', () => {});
		socket.on('data', (data) => {
			if (frames) {
				frames.take(data);
				return;
			}
			head += data.toString('latin1');
			if (!head.includes('\r\n\r\n'))
				return;
			const [, key] = /sec-websocket-key: (\S+)/i.exec(head);
			const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
			socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n' +
				`Connection: Upgrade\r\nSec-WebSocket-Accept: ${accept.digest('base64')}\r\n\r\n`);
			frames = new Frames(socket);
		});
	});
	return new Promise((done) => {
		server.listen(0, '127.0.0.1', () => done(server));
	});
}

// Evaluated in the page: messages a second that came.
async function bare(_, { uri, size, seconds }) {
	const BUFFERED_MAX = 1 << 20;
	globalThis.socket ??= await new Promise((done, fail) => {
		const socket = new WebSocket(uri);
		socket.onopen = () => done(socket);
		socket.onerror = fail;
	});
	const data = new Uint8Array(size);
	const turn = () => new Promise((done) => {
		const { port1, port2 } = new MessageChannel();
		port1.onmessage = done;
		port2.postMessage(0);
	});
	const began = performance.now(), end = began + seconds * 1000;
	while (performance.now() < end) {
		while (socket.bufferedAmount < BUFFERED_MAX)
			socket.send(data);
		await turn();
	}
	const count = await new Promise((done) => {
		socket.onmessage = (m) => done(Number(m.data));
		socket.send('count');
	});
	return { count, rate: count / (performance.now() - began) * 1000 };
}

// ---- leno -----------------------------------------------------------------------------

async function join(leno, { network, uri }) {
	globalThis.node = await leno.open({ network, name: 'page', webrtc: false });
	globalThis.sink = await node.connect(uri);
}

async function throughput(_, { size, seconds }) {
	const BYTES = 1 << 20, BETWEEN = Math.ceil(BYTES / size); // as much between two turns
	const data = new Uint8Array(size);
	const turn = () => new Promise((done) => {
		const { port1, port2 } = new MessageChannel();
		port1.onmessage = done;
		port2.postMessage(0);
	});
	const bytes = () => node.links()[0].bytesOut;
	const began = performance.now(), end = began + seconds * 1000, before = bytes();
	while (performance.now() < end) {
		let i = 0;
		while (i < BETWEEN && node.trySend(sink, 'b', data))
			i++;
		await (i < BETWEEN ? node.writable(sink) : turn());
	}
	const count = Number(new TextDecoder().decode(
		await node.request(sink, 'count', '', { timeout: 20000 })));
	return { count, rate: count / (performance.now() - began) * 1000,
		overhead: (bytes() - before) / count - size };
}

// Round trips, one at a time: what a message costs that shares its record with none.
async function alone(_, { size }) {
	const TIMES = 500;
	const data = new Uint8Array(size), times = [];
	const before = node.links()[0].bytesOut;
	for (let i = 0; i < TIMES; i++) {
		const began = performance.now();
		await node.send(sink, 'b', data);
		times.push(performance.now() - began);
	}
	await node.request(sink, 'count');
	times.sort((a, b) => a - b);
	return { rtt: times[TIMES >> 1] * 1000,
		overhead: (node.links()[0].bytesOut - before) / TIMES - size };
}

// ---- all of it --------------------------------------------------------------------------

async function startSink(w) {
	const child = own(spawn(SINK, [w.network, w.site], { stdio: ['pipe', 'pipe', 'inherit'] }));
	const [uri] = await within(PATIENCE_MS, 'the sink', new Promise((done) => {
		createInterface({ input: child.stdout }).once('line', (line) => done([line]));
	}));
	return { child, uri, origin: uri.replace(/^ws:/, 'http:').replace(/\/$/, '') };
}

// Seconds that the processes of the browser have worked: the sturdiest figure on a busy machine.
async function worked(w) {
	const session = await w.browser.newBrowserCDPSession();
	const { processInfo } = await session.send('SystemInfo.getProcessInfo');
	await session.detach();
	return processInfo.filter(({ type }) => type === 'renderer' || /network/i.test(type))
		.reduce((sum, { cpuTime }) => sum + cpuTime, 0);
}

// What `measure` gives, and the browser's work for each message in ns.
async function measured(w, tab, measure, options) {
	const before = await worked(w);
	const got = await tab.run(measure, options, PATIENCE_MS);
	return { ...got, cpu: (await worked(w) - before) / got.count * 1e9 };
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

function say(peer, metric, size, values, unit) {
	const show = (v) => (v < 100 ? v.toFixed(2) : v.toFixed(0));
	console.log(`${peer} ${metric} ${size} ${show(median(values))} ${unit}  # ` +
		`${show(Math.min(...values))}..${show(Math.max(...values))}`);
}

async function main() {
	const missing = absent || noPackage || (!existsSync(SINK) && `there is no ${SINK}`);
	if (missing)
		throw new Error(missing);
	const ends = [];
	const w = await begin({ after: (end) => ends.push(end) });
	const sink = await startSink(w), server = await bareServer();
	const tab = await w.page(sink);
	const uri = `ws://127.0.0.1:${server.address().port}`;
	await tab.run(join, { network: w.network, uri: sink.uri });
	for (const size of SIZES) {
		const a = [], b = [];
		for (let pass = 0; pass < PASSES; pass++) {
			a.push(await measured(w, tab, bare, { uri, size, seconds: SECONDS }));
			b.push(await measured(w, tab, throughput, { size, seconds: SECONDS }));
		}
		const of = (passes, what) => passes.map((pass) => pass[what]);
		const ratio = median(of(b, 'rate')) / median(of(a, 'rate'));
		say('websocket', 'throughput', size, of(a, 'rate'), 'msg/s');
		say('leno-page', 'throughput', size, of(b, 'rate'), 'msg/s');
		say('websocket', 'cpu', size, of(a, 'cpu'), 'ns');
		say('leno-page', 'cpu', size, of(b, 'cpu'), 'ns');
		say('leno-page', 'wire_message', size, of(b, 'overhead'), 'B');
		console.log(`# leno in a page beside a bare WebSocket, ${size} B: ${ratio.toFixed(2)}x, ` +
			`wanted >= ${GOAL}: ${ratio >= GOAL ? 'ok' : 'MISS'}`);
	}
	const one = await tab.run(alone, { size: 64 }, PATIENCE_MS);
	say('leno-page', 'confirmed_p50', 64, [one.rtt], 'us');
	say('leno-page', 'wire_alone', 64, [one.overhead], 'B');
	server.close();
	sink.child.stdin.end();
	for (const end of ends)
		await end();
	server.unref();
}

await main();
process.exit(0);
