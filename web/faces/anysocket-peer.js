/* anysocket-peer.js - of the AnySocket face: another node as AnySocket shows it, its packets, and
 * calls of functions by their path. */
import { Emitter, fromJSON, pack, toJSON, unpack } from './common.js';

export const MESSAGE = 'any.message';
export const ASK = 'any.ask';
export const CALL = 'any.call';
export const E2E = 'any.e2e';
export const BYE = 'any.bye';
export const REPLY_MS = 30000;

const text = (bytes) => new TextDecoder().decode(bytes);

export class AnyPacket {
	#reply;

	constructor(seq, peer, msg, reply = () => {}) {
		this.seq = seq;
		this.peer = peer;
		this.msg = msg;
		this.#reply = reply;
	}

	reply(message) {
		this.#reply(message);
	}
}

export class AnyPeer extends Emitter {
	#node;
	#seq = 0;
	#clock = null;
	#proxied;
	#leave;
	e2eOn = false;

	constructor(node, id, proxied, leave) {
		super();
		this.#node = node;
		this.id = id;
		this.connectionID = id;
		this.#proxied = proxied;
		this.#leave = leave;
		this.rpc = this.#path([]);
	}

	#path(names) {
		return new Proxy(() => {}, {
			get: (_, name) => name === 'then' || typeof name === 'symbol' ? undefined :
				this.#path([...names, name]),
			apply: (_, self, args) => this.#call(names, args)
		});
	}

	async #call(names, args) {
		const bytes = await this.#node.request(this.id, CALL, pack([names, args]),
			{ timeout: REPLY_MS });
		const { value, error } = unpack(bytes) ?? {};

		if (error)
			throw error;
		return value;
	}

	/** With awaitReply it resolves with the packet of the reply; else it returns nothing. */
	send(message, awaitReply = false, timeout = REPLY_MS) {
		if (awaitReply)
			return this.#node.request(this.id, ASK, toJSON(message), { timeout })
				.then((bytes) => new AnyPacket(++this.#seq, this, fromJSON(text(bytes))));
		this.#node.send(this.id, MESSAGE, toJSON(message)).catch(() => {});
		return undefined;
	}

	async e2e() {
		await this.#node.request(this.id, E2E);
		this.secured();
	}

	secured() {
		if (this.e2eOn)
			return;
		this.e2eOn = true;
		this.emit('e2e', this);
	}

	isE2EEnabled() {
		return this.e2eOn;
	}

	isProxy() {
		return this.#proxied;
	}

	async getSyncedTime(refresh = false) {
		if (refresh || !this.#clock)
			this.#clock = await this.#node.compareClock(this.id);
		const { rtt, offset } = this.#clock;

		return { time: Math.round(Date.now() + offset), rtt: Math.round(rtt),
			offset: Math.round(offset) };
	}

	async disconnect(reason = '') {
		await this.#node.send(this.id, BYE, String(reason)).catch(() => {});
		this.#leave(reason);
	}
}

const isOpaque = (value) => value === null || !['object', 'function'].includes(typeof value);

/** A function of the program's, by its path: in objects, and nothing that they inherit from what
 * comes with the language. */
function lookUp(root, names) {
	let self = root;
	let found = root;

	for (const name of names) {
		let owner = self = found;

		if (isOpaque(found) || typeof name !== 'string' || name === 'constructor')
			return null;
		while (owner && !Object.hasOwn(owner, name))
			owner = Object.getPrototypeOf(owner);
		if (!owner || owner === Object.prototype || owner === Function.prototype)
			return null;
		found = self[name];
	}
	return typeof found === 'function' && names.length ? { self, method: found } : null;
}

/** What a call has come to, as #call() reads it. */
export async function answerCall(rpc, peer, bytes) {
	const [names, args] = unpack(bytes) ?? [];
	const found = Array.isArray(names) && Array.isArray(args) && lookUp(rpc, names);

	if (!found)
		return pack({ error: { error: 'no such function', details: '', code: 404 } });
	try {
		return pack({ value: await found.method.apply(found.self, [...args, peer]) });
	} catch (e) {
		return pack({ error: { error: String(e?.message ?? e), details: String(e?.details ?? ''),
			code: Number(e?.code) || 500 } });
	}
}
