// core.js - leno.wasm: arguments go in through one room, events and lists come out. Knows the
// layouts of src/driver/wasm/wasm.h, and nothing of pipes or of what events mean.
import { Ids, decode, isId } from './bytes.js';
import { LenoError, check } from './errors.js';
import { decodeAll } from './msgpack.js';

export const EVENT = Object.freeze({
	NODE_UP: 1, NODE_DOWN: 2, LINK_UP: 3, LINK_DOWN: 4, MESSAGE: 5, SENT: 6, BROADCAST_DONE: 7,
	WRITABLE: 8, ANSWER: 9, STREAM: 10, STREAM_READABLE: 11, STREAM_WRITABLE: 12,
	STREAM_CLOSED: 13, GROUP_STATE: 14, GROUP_JOINED: 15, GROUP_LEFT: 16, GROUP_MESSAGE: 17,
	GROUP_DONE: 18, GROUP_WRITABLE: 19, INVITED: 20, SERVICE_UP: 21, SERVICE_DOWN: 22,
	HEARTBEAT: 23, CALL: 24, CALL_CANCELLED: 25, DRAINED: 26, PROGRESS: 27, CALL_STREAM: 28,
	EVENT: 29, STATE_SYNCED: 30, STATE_FAILED: 31, STATE_CHANGE: 32, STORE: 33, CLOCK: 34,
	JOINED: 35, CERTIFICATE: 36, REVOCATIONS: 37, LOG: 38, STATE_REFUSED: 39,
});
export const LIST = Object.freeze({
	SELF: 0, NODES: 1, EDGES: 2, LINKS: 3, SESSIONS: 4, SERVICES: 5, STATS: 6,
});

const HEAD = 56, IO_SIZE = 64 * 1024, SMALL = 64, TYPES_KEPT = 1024;
const NOTHING = new Uint8Array(0);
const encoder = new TextEncoder();

// What is left of the C library has nowhere to write to, and nothing to say.
const EBADF = 8;
const imports = {
	wasi_snapshot_preview1: new Proxy({}, { get: () => () => EBADF }),
	env: new Proxy({}, { get: () => () => { throw new Error('the core asks its host'); } }),
};

export class Core {
	#x;
	#memory;
	#bytes = NOTHING;
	#view;
	#types = new Map();
	ids = new Ids();
	closed = false;

	static async create(module) {
		const core = new Core();
		const instance = await WebAssembly.instantiate(module, imports);
		core.#x = instance.exports;
		core.#memory = instance.exports.memory;
		core.#x._initialize();
		core.io = core.#x.wasm_io();
		core.ioSize = IO_SIZE - SMALL;
		core.small = core.io + core.ioSize;
		return core;
	}

	/** The exported functions. CLOSED: there is no node behind them any more. */
	get x() {
		if (this.closed)
			throw new LenoError('CLOSED');
		return this.#x;
	}

	/** All of the memory: made anew when it has grown, so keep it over no call. */
	get bytes() {
		if (this.#bytes.buffer !== this.#memory.buffer) {
			this.#bytes = new Uint8Array(this.#memory.buffer);
			this.#view = new DataView(this.#memory.buffer);
		}
		return this.#bytes;
	}
	get view() {
		return this.bytes && this.#view;
	}

	/** A text as bytes with NUL behind it; types and names come again and again. */
	text(text) {
		let bytes = this.#types.get(text);
		if (!bytes) {
			if (text.includes('\0'))
				throw new LenoError('ARGUMENT', 'a text with NUL in it');
			bytes = encoder.encode(`${text}\0`);
			if (this.#types.size >= TYPES_KEPT)
				this.#types.clear();
			this.#types.set(text, bytes);
		}
		return bytes;
	}

	/** Puts bytes one after the other where C reads them, until the next call of put(); the
	 * addresses. */
	put(...parts) {
		let size = 0;
		for (const part of parts)
			size += part.length;
		let at = this.x.wasm_room(size);
		if (at === 0)
			throw new LenoError('MEMORY');
		const bytes = this.bytes;
		return parts.map((part) => {
			bytes.set(part, at);
			at += part.length;
			return at - part.length;
		});
	}

	/** The same of an id, a type and data. */
	putMessage(id, type, data) {
		const at = this.x.wasm_room(16 + type.length + data.length);
		if (at === 0)
			throw new LenoError('MEMORY');
		const bytes = this.bytes;
		bytes.set(id, at);
		bytes.set(type, at + 16);
		if (data.length > 0)
			bytes.set(data, at + 16 + type.length);
		return at;
	}

	cstring(at) {
		const bytes = this.bytes;
		return decode(bytes.slice(at, bytes.indexOf(0, at)));
	}

	smallNumber(index = 0) { return this.view.getInt32(this.small + 4 * index, true); }

	/** The list of so many bytes that a call has made, as values. */
	list(size) {
		check(size);
		if (size === 0)
			return [];
		const at = this.x.wasm_list();
		return decodeAll(this.bytes.subarray(at, at + size));
	}

	/** What the data of an event says. */
	values(data) { return decodeAll(data); }

	/** The bytes of a node's id, name, or prefix of either. */
	id(node) {
		if (typeof node !== 'string')
			throw new TypeError('a node is named by its id or name');
		if (isId(node))
			return this.ids.bytes(node);
		const [at] = this.put(this.text(node));
		check(this.x.wasm_find(at, this.small));
		return this.bytes.slice(this.small, this.small + 16);
	}

	idText(bytes) {
		return this.ids.text(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0);
	}

	/** All events so far, out of the module's memory. */
	events() {
		const size = this.#x.wasm_events_size();
		if (size === 0)
			return [];
		const start = this.#x.wasm_events(), bytes = this.bytes, view = this.#view, all = [];
		for (let at = start; at < start + size; at += view.getUint32(at, true)) {
			const text = at + HEAD, data = text + view.getUint16(at + 6, true);
			const dataSize = view.getUint32(at + 8, true);
			all.push({
				kind: bytes[at + 4],
				flag: bytes[at + 5],
				handle: view.getUint32(at + 12, true),
				number: view.getInt32(at + 16, true),
				id: this.ids.text(view, at + 20),
				first: view.getFloat64(at + 40, true),
				last: view.getFloat64(at + 48, true),
				text: data > text ? bytes.slice(text, data) : NOTHING,
				data: dataSize > 0 ? bytes.slice(data, data + dataSize) : NOTHING,
			});
		}
		this.#x.wasm_events_done();
		return all;
	}

	close() {
		this.#x.wasm_close();
		this.closed = true;
	}
}
