// support.mjs - nodes of the package and processes of the command, which end with their test.
// LENO_PACKAGE is the package's folder; LENO the command, without which tests with it are skipped.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

export const folder = resolve(process.env.LENO_PACKAGE ?? 'build/wasm/web/leno');
export const leno = await import(pathToFileURL(join(folder, 'node.js')));
export const part = (name) => import(pathToFileURL(join(folder, 'src', name)));

const command = process.env.LENO;
export const native = command && existsSync(command) ? {}
	: { skip: 'no command leno: set LENO' };

export const later = (ms) => new Promise((done) => { setTimeout(done, ms); });

/** What must become so within a time. */
export async function until(what, why, ms = 10000) {
	for (const end = Date.now() + ms; !await what();) {
		if (Date.now() > end)
			throw new Error(`not within ${ms} ms: ${why}`);
		await later(5);
	}
}

const { Asking } = await part('asking.js');
const { Turns } = await part('turns.js');

/** A node's parts around a core of a few lines, which does what `x` says. */
export function inner(x) {
	const core = { x, closed: false, put: (...parts) => parts, putMessage: () => 0,
		id: (id) => id, idText: (id) => id, text: (text) => new TextEncoder().encode(`${text}\0`) };
	const pump = { touch() {} };
	return { core, pump, turns: new Turns(core), asking: new Asking(core, pump),
		closing: new AbortController(), look: { nodes: new Map() }, emitter: {} };
}

/** One process of the command; its events are the lines of --json. */
class Process {
	lines = [];
	errors = '';

	constructor(args, input) {
		this.child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
		if (input !== undefined)
			this.child.stdin.end(input);
		let rest = '';
		this.child.stdout.setEncoding('utf8').on('data', (text) => {
			const lines = (rest + text).split('\n');
			rest = lines.pop();
			this.lines.push(...lines);
		});
		this.child.stderr.setEncoding('utf8').on('data', (text) => { this.errors += text; });
		this.ended = new Promise((done) => this.child.on('close', (code) => {
			if (rest)
				this.lines.push(rest);
			done(code);
		}));
	}

	find(fn) {
		for (const line of this.lines) {
			let event;
			try {
				event = JSON.parse(line);
			} catch {
				continue;
			}
			if (fn(event))
				return event;
		}
		return undefined;
	}

	async event(fn, why) {
		let found;
		await until(() => (found = this.find(fn)), `${why}\n${this.lines.join('\n')}${this.errors}`);
		return found;
	}

	async say(line) { this.child.stdin.write(`${line}\n`); }
	async stop(signal = 'SIGTERM') {
		if (this.child.exitCode === null && this.child.signalCode === null)
			this.child.kill(signal);
		return this.ended;
	}
}

/** Everything of one test: a network with a secret, nodes, processes. */
export class World {
	#nodes = [];
	#processes = [];
	#dir;

	constructor(t) {
		this.network = `test ${process.pid} ${Math.random().toString(36).slice(2)}`;
		this.secret = leno.createSecret();
		t.after(() => this.end());
	}

	get dir() { return this.#dir ??= mkdtempSync(join(tmpdir(), 'leno-web-')); }

	file(name, text) {
		const path = join(this.dir, name);
		writeFileSync(path, text, { mode: 0o600 });
		return path;
	}

	async node(name, options = {}) {
		const node = await leno.open({ network: this.network, secret: this.secret, name,
			heartbeat: 1000, ...options });
		this.#nodes.push(node);
		return node;
	}

	/** Two that are neighbours. */
	async pair(scheme = 'tcp', options = {}) {
		const [a, b] = [await this.node('ada', options), await this.node('bob', options)];
		await a.connect(await b.listen(`${scheme}://127.0.0.1:0`), { timeout: 5000 });
		await b.waitFor('ada', { timeout: 5000 });
		return [a, b];
	}

	run(args, { connect, input, name, secret = true } = {}) {
		const more = ['--network', this.network, '--discover', 'none'];
		if (secret)
			more.push('--secret-file', this.file('secret', `${this.secret}\n`));
		if (connect)
			more.push('--connect', connect);
		if (name)
			more.push('--name', name);
		const process = new Process([args[0], ...more, ...args.slice(1)], input);
		this.#processes.push(process);
		return process;
	}

	/** `leno up`, listening; { process, id, uri }. */
	async up(name, { listen = 'ws://127.0.0.1:0', args = [], ...more } = {}) {
		const process = this.run(['up', '--json', '--listen', listen, '--heartbeat', '1000', ...args],
			{ name, ...more });
		const ready = await process.event((e) => e.event === 'ready', 'up is ready');
		return { process, id: ready.id, uri: ready.listen[0] };
	}

	async end() {
		await Promise.all(this.#nodes.map((node) => node.close()));
		await Promise.all(this.#processes.map((process) => process.stop('SIGKILL')));
		if (this.#dir)
			rmSync(this.#dir, { recursive: true });
	}
}

/** Bytes that are the same each time, and never repeat soon. */
export function pattern(size) {
	const bytes = new Uint8Array(size);
	for (let i = 0, x = 1; i < size; i++) {
		x = (x * 1103515245 + 12345) & 0x7fffffff;
		bytes[i] = x >> 16;
	}
	return bytes;
}
