// harness.mjs - real browsers and real native nodes for one test: world.py's counterpart.
//
//   const w = await begin(t);                    one network, one folder; ends with the test
//   const ada = await w.up('ada');               `leno up`, which serves the package as well
//   const [one, two] = await w.pages(2, ada);    tabs at its address, each in a context of its own
//   await one.run(async (leno, uri) => ..., ada.uri);
//
//  1. One browser runs at a time. It, and every process, is ended by its pid, whatever happens:
//     after its test, at the exit of this process, or when LIMIT_MS have passed.
//  2. Nothing waits without a bound. What a page reports as an error fails its test, unless the
//     test has said that it expects it.
//  3. All traffic stays on loopback, or in namespaces that a test has made. Nothing is downloaded.
import assert from 'node:assert/strict';
import { spawn, execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
export const BUILD = process.env.BUILD_DIR || path.join(ROOT, 'build/release');
const BIN = process.env.LENO_BIN || path.join(BUILD, 'leno');
const PACKAGE = process.env.LENO_PACKAGE || path.join(BUILD, 'wasm/web/leno');
const CHROMIUM = process.env.CHROMIUM || '/usr/bin/chromium';
const SLOW = Boolean(process.env.LENO_SLOW);
export const PATIENCE_MS = SLOW ? 30_000 : 10_000;
const LIMIT_MS = 150_000;
const SKIPPED = 77;

// What is asked of the network beyond this machine is nothing: no name is looked up but localhost, and
// WebRTC says addresses rather than names of multicast DNS. The last --disable-features counts, so
// it says again which of playwright's matter here.
const SWITCHES = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-proxy-server',
	'--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost, ' +
		'EXCLUDE 198.51.100.1',
	'--disable-features=WebRtcHideLocalIpsWithMdns,DialMediaRouteProvider,MediaRouter,' +
		'OptimizationHints,Translate,HttpsUpgrades,DestroyProfileOnBrowserClose'];

// ---- what has to be here --------------------------------------------------------------

function playwright() {
	try {
		return createRequire(path.join(ROOT, 'build/npm/package.json'))('playwright-core').chromium;
	} catch {
		return null;
	}
}

const chromium = playwright();

// Why nothing can be tested here; '' when everything is there.
function lacking() {
	if (!chromium)
		return "npm's playwright-core is not below build/npm";
	if (!existsSync(CHROMIUM))
		return `there is no ${CHROMIUM}`;
	return existsSync(BIN) ? '' : `LENO_BIN names no command: ${BIN}`;
}

// The package, or why there is none: `test(name, { skip: noPackage }, ...)`.
export const noPackage = existsSync(path.join(PACKAGE, 'index.js')) ? false :
	`there is no package at ${PACKAGE}`;
export const absent = lacking() || false;
if (absent && !process.env.NODE_TEST_CONTEXT) {
	console.log(`skipped: ${absent}`);
	process.exit(SKIPPED);
}

// ---- time ------------------------------------------------------------------------------

export const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });

// The promise, or a failure that says what did not come.
export async function within(ms, what, promise) {
	let timer;
	const late = new Promise((_, fail) => {
		timer = setTimeout(() => fail(new Error(`not within ${ms} ms: ${what}`)), ms);
	});
	try {
		return await Promise.race([promise, late]);
	} finally {
		clearTimeout(timer);
	}
}

// Asks until it is true, and gives that.
export async function until(what, asks, ms = PATIENCE_MS) {
	for (const end = Date.now() + ms; Date.now() < end; await sleep(20)) {
		const got = await asks();
		if (got)
			return got;
	}
	throw new Error(`not within ${ms} ms: ${what}`);
}

// ---- processes --------------------------------------------------------------------------

const running = new Set();

function killAll() {
	for (const pid of running) {
		try {
			process.kill(pid, 'SIGKILL');
		} catch {
			// it has ended by itself
		}
	}
}

process.on('exit', killAll);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
	process.on(signal, () => process.exit(1));
setTimeout(() => {
	console.error(`not over after ${LIMIT_MS} ms`);
	process.exit(1);
}, LIMIT_MS).unref();

// Has it ended with this process, at the latest.
export function own(child) {
	running.add(child.pid);
	child.once('exit', () => running.delete(child.pid));
	return child;
}

// A native command that stays, and says a JSON object a line.
class Native {
	constructor(world, args) {
		this.args = args;
		this.said = [];
		this.errors = '';
		this.waiting = new Set();
		this.process = own(spawn(...inNamespace(world.namespace, BIN, args),
			{ env: world.environment, stdio: ['ignore', 'pipe', 'pipe'] }));
		this.ended = new Promise((done) => {
			this.process.once('exit', (code, signal) => done(signal ?? code));
		});
		this.process.stderr.on('data', (data) => { this.errors += data; });
		createInterface({ input: this.process.stdout }).on('line', (line) => {
			this.said.push(JSON.parse(line));
			for (const look of this.waiting)
				look();
		});
	}

	// The first event of this kind, now or later, of which `is` is true.
	async event(kind, is = () => true, ms = PATIENCE_MS) {
		let look;
		const found = new Promise((done) => {
			look = () => {
				const event = this.said.find((e) => e.event === kind && is(e));
				if (event)
					done(event);
			};
			this.waiting.add(look);
			look();
		});
		try {
			return await within(ms, `${kind} of ${this.args.join(' ')}: ${this.errors}`, found);
		} finally {
			this.waiting.delete(look);
		}
	}

	async ready() {
		const { id, listen } = await this.event('ready');
		this.id = id;
		this.uri = listen.find((uri) => uri.startsWith('ws:'));
		this.origin = this.uri?.replace(/^ws:/, 'http:').replace(/\/$/, '');
		return this;
	}

	async kill(signal = 'SIGKILL') {
		this.process.kill(signal);
		return within(PATIENCE_MS, `end of ${this.args.join(' ')}`, this.ended);
	}
}

// A command that runs in a network namespace, if there is one: it has its own pid there, too.
export function inNamespace(namespace, bin, args) {
	return namespace ? ['ip', ['netns', 'exec', namespace, bin, ...args]] : [bin, args];
}

// A port that was free a moment ago.
export function freePort() {
	return new Promise((done, fail) => {
		const server = net.createServer().once('error', fail).listen(0, '127.0.0.1', () => {
			const { port } = server.address();
			server.close(() => done(port));
		});
	});
}

function connects(port) {
	return new Promise((done) => {
		const socket = net.connect(port, '127.0.0.1');
		socket.once('connect', () => done(true)).once('error', () => done(false));
		socket.once('close', () => socket.destroy());
		socket.once('connect', () => socket.destroy());
	});
}

// ---- tabs --------------------------------------------------------------------------------

// One tab. `run` hands the package's module to the function, which is evaluated in the page.
class Tab {
	constructor(world, page) {
		this.world = world;
		this.page = page;
		page.on('console', (message) => {
			if (message.type() === 'error')
				world.fault(`${message.text()} (${message.location().url})`);
		});
		page.on('pageerror', (error) => world.fault(String(error.stack || error)));
		page.on('crash', () => world.fault('a tab crashed'));
	}

	run(what, argument, ms = PATIENCE_MS) {
		const text = `async ({ argument, module }) =>
			(${what})(module ? await import(module) : undefined, argument)`;
		const module = this.world.hasPackage ? '/leno/index.js' : '';
		return within(ms, `answer of a tab to ${String(what).slice(0, 200)}`,
			this.page.evaluate(`(${text})(${JSON.stringify({ argument, module })})`));
	}

	// Opens a node in it, `globalThis.node`, that is linked to a native one; its id.
	async join(native, name, options = {}, ms = PATIENCE_MS) {
		this.id = await this.run(async (leno, { uri, open }) => {
			globalThis.node = await leno.open(open);
			await node.connect(uri);
			return node.id;
		}, { uri: native.uri, open: { network: this.world.network, name, ...options } }, ms);
		return this.id;
	}

	// Its renderer is gone from one moment to the next.
	async crash() {
		this.world.expect(/crashed/);
		const session = await this.page.context().newCDPSession(this.page);
		session.send('Page.crash').catch(() => {});
		await until('the crash of a tab', () => this.world.faults.some((f) => /crashed/.test(f)));
	}

	close() {
		return this.page.close();
	}

	// A picture for people, in build/screenshots.
	async shot(name) {
		const folder = path.join(ROOT, 'build/screenshots');
		await mkdir(folder, { recursive: true });
		const file = path.join(folder, `${name}.png`);
		await this.page.screenshot({ path: file, fullPage: true });
		return file;
	}
}

export const turnserver = () => [path.join(ROOT, 'build/unpacked/usr/bin/turnserver'),
	'/usr/bin/turnserver'].find(existsSync);

// ---- worlds -------------------------------------------------------------------------------

let count = 0;

class World {
	faults = [];
	expected = [];
	natives = [];
	others = [];
	server = null;
	browser = null;
	namespace = '';                // in which what is started from now on runs

	async open() {
		count++;
		this.network = `web-${process.pid}-${count}`;
		this.folder = await mkdtemp(path.join(tmpdir(), 'leno-web.'));
		this.site = path.join(this.folder, 'site');
		await mkdir(this.site);
		await writeFile(path.join(this.site, 'index.html'),
			'<!doctype html><html lang="en"><title>leno</title><link rel="icon" href="data:,">');
		this.hasPackage = !noPackage;
		if (this.hasPackage)
			await cp(PACKAGE, path.join(this.site, 'leno'), { recursive: true, dereference: true });
		this.environment = { ...process.env, LENO_NETWORK: this.network, LC_ALL: 'C.UTF-8',
			XDG_CONFIG_HOME: this.folder, LENO_NO_DIRECT: 'yes' };
		return this;
	}

	fault(text) {
		this.faults.push(text);
	}

	// Errors of pages that match this are part of the test.
	expect(pattern) {
		this.expected.push(pattern);
	}

	// A file of the site, beside index.html.
	async write(name, text) {
		const file = path.join(this.site, name);
		await mkdir(path.dirname(file), { recursive: true });
		await writeFile(file, text);
	}

	start(...args) {
		const native = new Native(this, args);
		this.natives.push(native);
		return native;
	}

	// A node that listens for WebSockets, from the site's pages too, and serves the site.
	up(name, ...args) {
		return this.start('up', '--json', '--name', name, '--discover', 'none', '--listen',
			'ws://127.0.0.1:0', '--www', this.site, '--ws-origin', '*', ...args).ready();
	}

	// A command that ends; its output.
	command(...args) {
		return within(PATIENCE_MS, args.join(' '), new Promise((done) => {
			const child = own(execFile(BIN, args, { env: this.environment, maxBuffer: 1 << 26 },
				(error, stdout, stderr) =>
					done({ code: error ? error.code ?? error.signal : 0, stdout, stderr })));
			child.stdin.end();
		}));
	}

	// A member that stays, linked to a native node.
	beside(native, command, ...args) {
		return this.start(command, '--json', '--discover', 'none', '--connect', native.uri, ...args);
	}

	// A visitor's command, by way of a native node.
	visit(native, command, ...args) {
		return this.command(command, '--discover', 'none', '--connect', native.uri, ...args);
	}

	// A TURN server on loopback, that answers STUN too: for RTCConfiguration.iceServers. Null: it
	// is not here.
	async turn() {
		const bin = turnserver();
		if (!bin)
			return null;
		const port = await freePort(), user = 'tab', password = 'pass';
		const child = own(spawn(bin, ['-n', '--no-cli', '--no-tls', '--no-dtls', '-L', '127.0.0.1',
			'-E', '127.0.0.1', '-p', String(port), '-a', '-u', `${user}:${password}`, '-r', 'leno',
			'--allow-loopback-peers', '--log-file', 'stdout', '--simple-log', '-b',
			path.join(this.folder, 'turndb'), '--pidfile', path.join(this.folder, 'turn.pid')],
		{ stdio: ['ignore', 'pipe', 'pipe'] }));
		const server = { child, said: '', iceServers: [
			{ urls: `stun:127.0.0.1:${port}` },
			{ urls: `turn:127.0.0.1:${port}?transport=udp`, username: user, credential: password },
		] };
		child.stdout.on('data', (data) => { server.said += data; });
		child.stderr.on('data', (data) => { server.said += data; });
		this.others.push(child);
		await until('a TURN server', () => connects(port));
		return server;
	}

	// A file that starts chromium where it should run.
	async chromium() {
		if (!this.namespace)
			return CHROMIUM;
		const file = path.join(this.folder, `chromium-${this.namespace}`);
		await writeFile(file, `#!/bin/sh\nexec ip netns exec ${this.namespace} ${CHROMIUM} "$@"\n`,
			{ mode: 0o700 });
		return file;
	}

	// Starts the browser, if it does not run yet.
	async launch() {
		if (this.browser)
			return;
		this.server = await within(PATIENCE_MS, 'chromium', chromium.launchServer({
			executablePath: await this.chromium(), headless: true, handleSIGINT: false, handleSIGTERM: false,
			handleSIGHUP: false,
			args: SWITCHES,
		}));
		running.add(this.server.process().pid);
		this.browser = await chromium.connect(this.server.wsEndpoint());
	}

	// Tabs at an address of a node, each in a context of its own: they share nothing.
	async pages(n, node, { at = '/', context = null } = {}) {
		await this.launch();
		return Promise.all(Array.from({ length: n }, async () => {
			const own = context ?? await this.browser.newContext();
			own.setDefaultTimeout(PATIENCE_MS);
			const page = await own.newPage();
			const tab = new Tab(this, page);
			await page.goto(node.origin + at);
			return tab;
		}));
	}

	async page(node, options) {
		const [tab] = await this.pages(1, node, options);
		return tab;
	}

	// Bytes of memory that the processes of tabs have for themselves, WebAssembly's included.
	async renderersMemory() {
		const session = await this.browser.newBrowserCDPSession();
		const { processInfo } = await session.send('SystemInfo.getProcessInfo');
		await session.detach();
		let sum = 0;
		for (const { type, id } of processInfo) {
			if (type === 'renderer')
				sum += 1024 * Number(/RssAnon:\s+(\d+)/.exec(await readFile(`/proc/${id}/status`, 'utf8'))[1]);
		}
		return sum;
	}

	// A context whose tabs share their storage and channels.
	async shared() {
		await this.launch();
		return this.browser.newContext();
	}

	// All of it at once, as when the machine's owner ends it.
	async killBrowser() {
		const { pid } = this.server.process();
		this.expect(/crashed|closed/);
		this.browser = null;
		process.kill(pid, 'SIGKILL');
		await until('the end of chromium', () => this.server.process().signalCode);
		running.delete(pid);
		this.server = null;
	}

	async closeBrowser() {
		const { browser, server } = this;
		if (!browser)
			return;
		this.browser = this.server = null;
		const { pid } = server.process();
		await within(PATIENCE_MS, 'the end of chromium', server.close()).catch(() => server.kill());
		running.delete(pid);
	}

	async close() {
		await this.closeBrowser();
		for (const native of this.natives) {
			if (running.has(native.process.pid))
				await native.kill();
		}
		for (const child of this.others)
			child.kill('SIGKILL');
		await rm(this.folder, { recursive: true, force: true });
		const faults = this.faults.filter((f) => !this.expected.some((e) => e.test(f)));
		assert.deepEqual(faults, [], 'pages reported errors');
	}
}

const worlds = new WeakMap();         // of a test

// All worlds of a test end before one of them may fail it: no hook runs after one that failed, and
// what is left running keeps this process. What pages said is told even if the test failed by itself.
async function end(t) {
	const ends = await Promise.allSettled(worlds.get(t).map((world) => world.close()));
	const failed = ends.filter(({ status }) => status === 'rejected').map(({ reason }) => reason);
	for (const error of failed)
		t.diagnostic(error.message);
	if (failed.length)
		throw failed[0];
}

export function begin(t) {
	const world = new World();
	if (!worlds.has(t)) {
		worlds.set(t, []);
		t.after(() => end(t));
	}
	worlds.get(t).push(world);
	return world.open();
}
