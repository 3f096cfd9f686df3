// streams.js - streams, as the platform's ReadableStream and WritableStream.
import { decode, encode, short, toBytes } from './bytes.js';
import { LenoError, check, codeOf, errorOf } from './errors.js';

const PIECE_MAX = 256 * 1024;     // bytes that are handed out in one piece

class Stream {
	#inner;
	#handle;
	#gone;
	#pull = null;                 // a reader waits
	#room = null;                 // a writer waits
	#discard = false;
	#finished = false;
	#settle = {};

	constructor(inner, handle, peer, topic, gone) {
		this.#inner = inner;
		this.#handle = handle;
		this.#gone = gone;
		this.peer = peer;
		this.topic = topic;
		this.closed = new Promise((resolve, reject) => { this.#settle = { resolve, reject }; });
		this.closed.catch(() => {});
		this.readable = new ReadableStream({
			start: (controller) => { this.#reader = controller; },
			pull: () => this.#read(),
			cancel: (reason) => this.#unread(reason),
		}, { highWaterMark: 0 });
		this.writable = new WritableStream({
			start: (controller) => { this.#writer = controller; },
			write: (data) => this.#write(toBytes(data)),
			close: () => this.#finish(),
			abort: (reason) => this.abort(String(reason?.message ?? reason ?? '')),
		});
	}
	#reader;
	#writer;

	get #x() {
		if (!this.#handle)
			throw new LenoError('CLOSED');
		return this.#inner.core.x;
	}

	/* ---- reading ---------------------------------------------------------------- */

	/** Whether there was something to hand out, be it the end. */
	#hand() {
		const { core, pump } = this.#inner;
		const size = Math.min(this.#x.wasm_stream_peek(this.#handle, core.small), PIECE_MAX);
		if (size === 0) {
			if (!this.#x.wasm_stream_ended(this.#handle))
				return false;
			this.#reader.close();
			this.#reader = null;
			return true;
		}
		const at = core.smallNumber() >>> 0;
		const piece = core.bytes.slice(at, at + size);
		this.#x.wasm_stream_skip(this.#handle, size);
		pump.touch();
		this.#reader.enqueue(piece);
		return true;
	}

	#read() {
		if (!this.#reader || !this.#handle || this.#hand())
			return undefined;
		return new Promise((resolve) => { this.#pull = resolve; });
	}

	#unread(reason) {
		this.#reader = null;
		if (this.#finished)
			return this.abort(String(reason?.message ?? reason ?? ''));
		this.#discard = true;
		this.onReadable();
	}

	onReadable() {
		if (this.#discard && this.#handle) {
			for (let n; (n = this.#x.wasm_stream_peek(this.#handle, this.#inner.core.small)) > 0;)
				this.#x.wasm_stream_skip(this.#handle, n);
			this.#inner.pump.touch();
		} else if (this.#pull && this.#reader && this.#hand()) {
			const resolve = this.#pull;
			this.#pull = null;
			resolve();
		}
	}

	/* ---- writing ---------------------------------------------------------------- */

	async #write(bytes) {
		const { core, pump } = this.#inner;
		for (let at = 0; at < bytes.length;) {
			const piece = bytes.subarray(at, at + PIECE_MAX);
			const [from] = core.put(piece);
			const taken = check(this.#x.wasm_stream_write(this.#handle, from, piece.length));
			at += taken;
			pump.touch();
			if (taken < piece.length)
				await new Promise((resolve, reject) => { this.#room = { resolve, reject }; });
		}
	}

	onWritable() {
		this.#room?.resolve();
		this.#room = null;
	}

	#finish() {
		check(this.#x.wasm_stream_finish(this.#handle));
		this.#finished = true;
		this.#inner.pump.touch();
	}

	weigh(weight) { check(this.#x.wasm_stream_weigh(this.#handle, weight)); }

	/* ---- the end ------------------------------------------------------------------ */

	abort(why = '', code = 0) {
		if (!this.#handle)
			return;
		const { core, pump } = this.#inner;
		const [at] = core.put(encode(`${short(why)}\0`));
		this.#x.wasm_stream_abort(this.#handle, code | 0, at);
		pump.touch();
		this.end(new LenoError('CLOSED', why || undefined));
	}

	end(error) {
		if (!this.#handle)
			return;
		this.#gone(this.#handle);
		this.#handle = 0;
		if (error) {
			this.#reader?.error(error);
			this.#writer.error(error);
			this.#room?.reject(error);
			this.#settle.reject(error);
		} else {
			this.#reader?.close();
			this.#settle.resolve();
		}
		this.#reader = null;
		this.#pull?.();
	}
}

/** The event of streams of one topic. */
export const streamOf = (topic) => `stream ${topic}`;

export const refuse = (stream) => stream.abort('nobody here listens for such streams');

export class Streams {
	#inner;
	#open = new Map();

	constructor(inner) { this.#inner = inner; }

	add(handle, peer, topic) {
		const stream = new Stream(this.#inner, handle, peer, topic, (h) => this.#open.delete(h));
		this.#open.set(handle, stream);
		return stream;
	}

	async open(to, topic) {
		const { core, pump } = this.#inner;
		const id = core.id(to);
		const [at, text] = core.put(id, core.text(topic));
		const handle = core.x.wasm_stream_open(at, text, core.small);
		if (handle === 0)
			throw errorOf(core.smallNumber());
		pump.touch();
		return this.add(handle >>> 0, core.idText(id), topic);
	}

	onOpen(event) {
		const stream = this.add(event.handle, event.id, decode(event.text));
		const { emitter } = this.#inner;
		const heard = ['stream', streamOf(stream.topic)].filter((name) => emitter.hears(name));
		if (heard.length === 0)
			refuse(stream);
		for (const name of heard)
			emitter.tell(name, stream);
	}

	onReadable(event) { this.#open.get(event.handle)?.onReadable(); }
	onWritable(event) { this.#open.get(event.handle)?.onWritable(); }

	onClosed(event) {
		const why = decode(event.text);
		this.#open.get(event.handle)?.end(event.number === 0 ? null
			: codeOf(event.number) === 'REFUSED'
				? new LenoError('REFUSED', why || undefined, event.first)
				: errorOf(event.number, why));
	}

	close() {
		for (const stream of [...this.#open.values()])
			stream.end(new LenoError('CLOSED'));
	}
}
