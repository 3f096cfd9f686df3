/* common.js - what the faces share: the package's API, wherever we run; values as bytes; and
 * the two kinds of events that the systems of others have.
 *
 * 1. A face uses nothing of the package but what index.d.ts and msgpack.d.ts promise.
 * 2. Bytes of others never throw here: what cannot be read is undefined, or handed on as it is. */
import { decodeOrBytes, encode } from '../src/msgpack.js';

export const inNode = typeof process === 'object' && Boolean(process.versions?.node);

const api = inNode ? await import('../node.js') : await import('../index.js');

export const open = api.open;
export const LenoError = api.LenoError;

const NOTHING = new Uint8Array(0);

/* ---- values ---------------------------------------------------------------------- */

export function pack(value) {
	return value === undefined ? NOTHING : encode(value);
}

/** What other programs of the network send need not be MessagePack: then it stays bytes. */
export function unpack(bytes) {
	return bytes.length === 0 ? undefined : decodeOrBytes(bytes);
}

export function toJSON(value) {
	return value === undefined ? '' : JSON.stringify(value);
}

export function fromJSON(text) {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

/* ---- events ---------------------------------------------------------------------- */

/** An error of a listener is the program's, and nobody else's business. */
function call(listener, self, args) {
	try {
		listener.apply(self, args);
	} catch (error) {
		queueMicrotask(() => {
			throw error;
		});
	}
}

/** Events by name, as in Node; in a listener `this` is who says it. */
export class Emitter {
	#listeners = new Map();

	on(name, listener) {
		const list = this.#listeners.get(name) ?? [];

		this.#listeners.set(name, [...list, listener]);
		return this;
	}

	once(name, listener) {
		const first = (...args) => {
			this.off(name, first);
			listener.apply(this, args);
		};

		first.listener = listener;
		return this.on(name, first);
	}

	off(name, listener) {
		const list = this.#listeners.get(name) ?? [];

		this.#listeners.set(name, list.filter((l) => l !== listener && l.listener !== listener));
		return this;
	}

	/** True: somebody listens. */
	emit(name, ...args) {
		const list = this.#listeners.get(name) ?? [];

		for (const listener of list)
			call(listener, this, args);
		return list.length > 0;
	}

	addListener(name, listener) {
		return this.on(name, listener);
	}

	removeListener(name, listener) {
		return this.off(name, listener);
	}
}

/** An event that is a function: it takes a listener, and returns what takes it back. */
export function subscribable() {
	const listeners = new Set();
	const on = (listener) => {
		listeners.add(listener);
		return { unsubscribe: () => void listeners.delete(listener) };
	};

	on.emit = (...args) => {
		for (const listener of [...listeners])
			call(listener, undefined, args);
	};
	return on;
}

/* ---- addresses --------------------------------------------------------------------- */

/** A host as it stands in a URI. */
export function hostPort(host, port) {
	return `${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`;
}
