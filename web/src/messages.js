// messages.js - messages, broadcasts, requests and their answers.
import { Asking } from './asking.js';
import { decode, encode, short, toBytes } from './bytes.js';
import { LenoError, check, codeOf, errorOf } from './errors.js';

const CONFIRMED = 1, REFUSED = 2;
const REQUEST = 1, BROADCAST = 2;
const EVERYBODY = '*';

export class Message {
	#text;
	constructor(event) {
		this.from = event.id;
		this.type = decode(event.text);
		this.data = event.data;
		this.broadcast = (event.flag & BROADCAST) !== 0;
	}
	get text() { return this.#text ??= decode(this.data); }
}

/** What was sent and has not been heard of: by its number, which only rises. */
export class Outcomes {
	#pending = [];

	add(seq) {
		return new Promise((resolve, reject) => this.#pending.push({ seq, resolve, reject }));
	}

	/** fn(entry) for those from first to last. */
	settle(first, last, fn) {
		const rest = [];
		let n = 0;
		for (const entry of this.#pending) {
			if (entry.seq > last)
				break;
			n++;
			if (entry.seq >= first)
				fn(entry);
			else
				rest.push(entry);
		}
		this.#pending.splice(0, n, ...rest);
	}

	get empty() { return this.#pending.length === 0; }
}

export class Messages {
	#inner;
	#sent = new Map();            // id -> Outcomes
	#spread = new Outcomes();
	#handlers = new Map();

	constructor(inner) { this.#inner = inner; }

	/* ---- sending --------------------------------------------------------------- */

	#attempt(id, type, data) {
		const { core, pump } = this.#inner;
		const at = core.putMessage(id, type, data);
		const seq = core.x.wasm_send(at, at + 16, at + 16 + type.length, data.length);
		pump.touch();
		return seq;
	}

	async send(to, type, data, { signal } = {}) {
		const { core, turns } = this.#inner;
		signal?.throwIfAborted();
		const id = core.id(to), name = core.text(type);
		let bytes = toBytes(data);
		const key = core.idText(id);
		return turns.take(key, () => this.#attempt(id, name, bytes), { signal,
			keep: () => { bytes = bytes.slice(); }, took: (seq) => this.confirmation(key, seq) });
	}

	/** Settles with what the event SENT says of this number. */
	confirmation(key, seq) {
		let outcomes = this.#sent.get(key);
		if (!outcomes)
			this.#sent.set(key, outcomes = new Outcomes());
		return outcomes.add(seq);
	}

	trySend(to, type, data) {
		const { core, turns } = this.#inner;
		const id = core.id(to), key = core.idText(id);
		if (turns.busy(key))
			return false;
		const seq = this.#attempt(id, core.text(type), toBytes(data));
		if (seq < 0 && codeOf(seq) === 'AGAIN') {
			turns.filled(key);
			return false;
		}
		check(seq);
		return true;
	}

	onSent(event) {
		const outcomes = this.#sent.get(event.id);
		if (!outcomes)
			return;
		outcomes.settle(event.first, event.last, ({ resolve, reject }) => {
			if (event.flag === CONFIRMED)
				resolve();
			else if (event.flag === REFUSED)
				reject(event.number < 0 ? errorOf(event.number) : new LenoError('REFUSED'));
			else
				reject(new LenoError('UNKNOWN'));
		});
		if (outcomes.empty)
			this.#sent.delete(event.id);
		// The session of who has been away for too long has ended, and its queue with it.
		if (event.flag !== CONFIRMED && !this.#inner.look.nodes.has(event.id))
			this.#inner.turns.room(event.id);
	}

	async broadcast(type, data) {
		const { core, turns, pump } = this.#inner;
		const name = core.text(type);
		let bytes = toBytes(data);
		return turns.take(EVERYBODY, () => {
			const [t, d] = core.put(name, bytes);
			pump.touch();
			return core.x.wasm_broadcast(t, d, bytes.length);
		}, { keep: () => { bytes = bytes.slice(); }, took: (seq) => this.#spread.add(seq) });
	}

	onSpread(event) {
		this.#spread.settle(event.first, event.first, ({ resolve }) =>
			resolve({ confirmed: event.number, unknown: event.last }));
		this.#inner.turns.room(EVERYBODY);
	}

	/* ---- requests --------------------------------------------------------------- */

	async request(to, type, data, options = {}) {
		const { core, turns, asking } = this.#inner;
		const id = core.id(to), name = core.text(type), key = core.idText(id);
		const begun = performance.now(), timeout = options.timeout ?? Asking.DEFAULT_MS;
		let bytes = toBytes(data), gone = false;
		const attempt = (token) => {
			const left = Asking.left(timeout, begun), at = core.putMessage(id, name, bytes);
			return core.x.wasm_request(at, at + 16, at + 16 + name.length, bytes.length, left,
				token);
		};
		return asking.ask((token) => {
			const taken = turns.take(key, () => gone ? 0 : attempt(token),
				{ timeout, keep: () => { bytes = bytes.slice(); } });
			if (typeof taken !== 'number')
				taken.catch((error) => asking.get(token)?.reject(error));
			return 0;
		}, { signal: options.signal, cancel: () => { gone = true; } });
	}

	handle(type, handler) {
		if (this.#handlers.has(type))
			throw new LenoError('EXISTS');
		this.#handlers.set(type, handler);
		return () => {
			if (this.#handlers.get(type) === handler)
				this.#handlers.delete(type);
		};
	}

	onMessage(event) {
		const message = new Message(event);
		if (event.flag & REQUEST)
			this.#answer(message, event.handle);
		else
			this.#inner.emitter.tell('message', message);
	}

	async #answer(message, handle) {
		const handler = this.#handlers.get(message.type) ?? this.#handlers.get('*');
		if (!handler)
			return this.#refuse(message.from, handle, 0, `nobody here answers ${message.type}`);
		message.signal = this.#inner.closing.signal;
		let reply;
		try {
			reply = toBytes(await handler(message));
		} catch (error) {
			return this.#refuse(message.from, handle, error?.reason ?? 0,
				String(error?.message ?? error));
		}
		this.#reply(message.from, handle, reply);
	}

	async #reply(to, handle, bytes) {
		try {
			await this.#say(to, bytes, (x, at) => x.wasm_reply(handle, at, bytes.length));
		} catch (error) {
			if (error.code === 'TOO_BIG' || error.code === 'MEMORY')
				this.#refuse(to, handle, 0, 'the answer is too big');
			else
				this.#drop(handle);
		}
	}

	async #refuse(to, handle, code, why) {
		const text = encode(`${short(why)}\0`);
		await this.#say(to, text, (x, at) => x.wasm_refuse(handle, code | 0, at))
			.catch(() => this.#drop(handle));
	}

	/** Nobody will hear of it any more. */
	#drop(handle) {
		if (!this.#inner.core.closed)
			this.#inner.core.x.wasm_drop(handle);
	}

	/** Who has asked may have no room for what is said to it. */
	async #say(to, bytes, call) {
		const { core, turns, pump } = this.#inner;
		if (core.closed)
			return;
		await turns.take(to, () => {
			const [at] = core.put(bytes);
			pump.touch();
			return call(core.x, at);
		});
	}

	close() {
		const lost = ({ reject }) => reject(new LenoError('CLOSED'));
		this.#spread.settle(0, Infinity, lost);
		for (const outcomes of this.#sent.values())
			outcomes.settle(0, Infinity, lost);
	}
}
