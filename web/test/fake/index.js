/* index.js - what the dashboard uses of the package `leno`, without a mesh: for tests of the page
 * and for looking at it. The page's address says what is there: ?nodes=60&churn=1.
 * The secret "wrong" is refused, as is any address that begins with ws://nowhere. */
import { makeMesh, random, uuid } from './mesh.js';
import { FakeState } from './state.js';
import { FakeGroup } from './group.js';
import { encode } from './src/msgpack.js';

const query = new URLSearchParams(globalThis.location?.search ?? '');

export const version = '0.1.0-fake';

export class LenoError extends Error {
	constructor(code, message = code, reason = 0) {
		super(message);
		this.name = 'LenoError';
		this.code = code;
		this.reason = reason;
	}
}

/** All that were opened, for tests of the page. */
export const fakes = [];

export async function open(options = {}) {
	if (options.invitation && !options.invitation.startsWith('leno:'))
		throw new LenoError('ARGUMENT', 'no invitation');
	const node = new FakeNode(options);
	fakes.push(node);
	return node;
}

const CONTRACTS = {
	greeter: 'idempotent hello(name: str) -> str\nevent greeted(greeting: str)',
	math: 'idempotent add(first: int, more: int...) -> int\n' +
		'divide(a: number, b: number, round?: bool) -> number\nevent added(sum: int)',
	lamp: 'set(on: bool, colour?: list|nil) -> nil\nidempotent get() -> map\nstream log() -> nil',
};

class FakeNode {
	id;
	name;
	network;
	synced = true;
	#options;
	#listeners = new Map();
	#all = makeMesh(Number(query.get('nodes') ?? 5) - 1);
	#hidden = new Set();
	#linked = false;
	#random = random(7);
	#counters = { sent: 0, received: 0, bytesOut: 0, bytesIn: 0, forwarded: 0, refusedSecret: 0 };
	#states = new Map();
	#timers = [];
	#down = new AbortController();

	constructor(options) {
		this.#options = options;
		this.id = uuid(this.#random);
		this.name = options.name ?? '';
		this.network = options.network ?? 'default';
	}

	get signal() { return this.#down.signal; }
	get self() {
		const role = this.#options.endpoint ? 'endpoint' : 'member';
		return { id: this.id, name: this.name, role, next: this.id, hops: 0, rtt: 0, labels: {} };
	}

	on(event, listener) {
		const all = this.#listeners.get(event) ?? new Set();
		this.#listeners.set(event, all.add(listener));
		return () => all.delete(listener);
	}

	tell(event, value) {
		for (const listener of this.#listeners.get(event) ?? [])
			listener(value);
	}

	async connect(uri, { timeout = Infinity } = {}) {
		if (this.#options.secret === 'wrong' || uri.startsWith('ws://nowhere')) {
			if (this.#options.secret === 'wrong')
				this.#counters.refusedSecret++;
			await new Promise((done) => setTimeout(done, Math.min(timeout, 1e9)));
			throw new LenoError('TIMEOUT', 'timed out');
		}
		await new Promise((done) => setTimeout(done, 60));
		this.#linked = true;
		this.tell('link-up', { id: this.#all.nodes[0].id, uri });
		this.#timers.push(setInterval(() => this.#live(), 300));
		return this.#all.nodes[0].id;
	}

	/* What goes on in a mesh. */
	#live() {
		const { nodes } = this.#all, dice = this.#random();
		this.#counters.sent += Math.floor(4 + 3 * dice);
		this.#counters.received += Math.floor(20 + 30 * dice * dice);
		this.#counters.bytesOut += 900 * dice;
		this.#counters.bytesIn += 26000 * dice * dice;
		this.tell('heartbeat', { id: nodes[0].id, rtt: 0.4 + dice * dice });
		const from = nodes[Math.floor(this.#random() * nodes.length)];
		if (dice < 0.2)
			this.emit('greeter.greeted', `Hello ${from.name}!`, from.id);
		if (dice > 0.8)
			this.tell('message', { from: from.id, type: 'chat', broadcast: dice > 0.95,
				text: 'the kettle is on', data: new TextEncoder().encode('the kettle is on') });
		if (query.has('churn') && dice > 0.4 && dice < 0.5)
			this.#comeOrGo(nodes[1 + Math.floor(this.#random() * (nodes.length - 1))]);
	}

	#comeOrGo(node) {
		if (this.#hidden.delete(node.id)) {
			this.tell('node-up', this.nodes.get(node.id));
		} else {
			this.#hidden.add(node.id);
			this.tell('node-down', { id: node.id, name: node.name, why: 'goodbye' });
		}
	}

	get nodes() {
		const first = this.#all.nodes[0];
		return new Map(!this.#linked ? [] : this.#all.nodes.filter((n) => !this.#hidden.has(n.id))
			.map((n, i) => [n.id, { ...n, next: first.id, hops: n === first ? 1 : 2 + i % 3,
				rtt: n === first ? 0.6 : 1 + (i * 37 % 50) }]));
	}

	edges() {
		const own = this.#linked ? [{ a: this.id, b: this.#all.nodes[0].id, cost: 1 }] : [];
		return own.concat(this.#all.edges.filter((e) =>
			!this.#hidden.has(e.a) && !this.#hidden.has(e.b)));
	}

	links() {
		const { id, name } = this.#all.nodes[0], c = this.#counters;
		return !this.#linked ? [] : [{ id, name, uri: 'ws://127.0.0.1:7400', local: false, age: 61000,
			dialled: true, rtt: 0.6, bytesOut: c.bytesOut, bytesIn: c.bytesIn, recordsOut: c.sent,
			recordsIn: c.received, forwarded: 0, dropped: 0 }];
	}

	sessions() { return []; }
	stats() {
		return { ...this.#counters, links: this.links().length, nodes: this.nodes.size + 1,
			sessions: 3, refusedNetwork: 0, memory: 123456, dropped: 0, refusedUninvited: 0 };
	}

	async request(to, type) {
		if (type !== 'leno/status')
			return new TextEncoder().encode(`you said ${type}`);
		return encode({ version: '0.1.0', uptime_ms: 93784000, links: 4, nodes: this.nodes.size + 1,
			sessions: 7, memory: 1234567, memory_max: 67108864, resident: 7340032, cpu: 12, load: 40,
			services: [['math', '1.2', 40, 3, 0]], commands: ['start', 'stop'] });
	}

	async send() { this.#counters.sent++; }
	async broadcast() { return { confirmed: this.nodes.size, unknown: 0 }; }
	async ping() { return 1 + this.#random(); }
	async compareClock() { return { offset: 3.2, rtt: 1.1 }; }
	disconnect() {}

	services() {
		const { nodes } = this.#all;
		const at = (name, i, load) => nodes[i] && { name, version: '1.2', node: nodes[i].id, load,
			labels: nodes[i].labels };
		return [at('greeter', 0, 0), at('math', 1, 40), at('math', 2, 150), at('lamp', 3, 0)]
			.filter((one) => one && this.nodes.has(one.node));
	}

	async describe(node, service) { return CONTRACTS[service]; }

	async call(service, method, args, options = {}) {
		options.onprogress?.('half of it');
		switch (method) {
		case 'add': return args.reduce((sum, one) => sum + one, 0);
		case 'hello': return `Hello ${args[0]}!`;
		case 'get': return { on: true, colour: [255, 190, 80] };
		case 'divide':
			if (args[1] === 0)
				throw new LenoError('REFUSED', 'division by zero', 1);
			return args[0] / args[1];
		case 'log':
			options.onstream?.({ readable: new ReadableStream({
				start(to) { to.enqueue(new TextEncoder().encode('it is on')); },
				pull(to) { to.error(new LenoError('REFUSED', 'it fell')); },
			}, { highWaterMark: 0 }) });
			for (let i = 0; i < 1000; i++)
				options.onprogress?.(i);
			return null;
		default: return null;
		}
	}

	emit(event, value, from = this.id) {
		for (const { pattern, listener } of this.#listeners.get('*events') ?? [])
			if (pattern === '*' || pattern === event)
				listener(value, { event, from });
		return 0;
	}

	subscribe(pattern, listener) {
		return this.on('*events', { pattern, listener });
	}

	/** What tests of the page let happen. */
	invite(from, key, note) {
		const encoder = new TextEncoder();
		this.tell('invited', { from, key: encoder.encode(key), note: encoder.encode(note) });
	}

	group(key) {
		return new FakeGroup(key, [...this.nodes.values()].slice(0, 3));
	}

	state(name, options = {}) {
		if (!this.#states.has(name))
			this.#states.set(name, new FakeState(name, this.id, this.#all.nodes[0].id, options));
		return this.#states.get(name);
	}

	async close() {
		this.#timers.forEach(clearInterval);
		this.#down.abort();
		this.tell('closed');
	}
}
