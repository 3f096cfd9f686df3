// offers.js - services that this node offers.
import { decode, encode, short } from './bytes.js';
import { LenoError, check, codeOf } from './errors.js';
import { decodeOrBytes, decode as unpack, encode as pack } from './msgpack.js';

const METHOD = /^\s*(?:(?:idempotent|stream)\s+)*([A-Za-z0-9_-]+)\s*(\()?/;
const NOTHING = new Uint8Array(0);

export const packed = (value) => value === undefined ? NOTHING : pack(value);
export const unpacked = (bytes) => bytes.length === 0 ? undefined : unpack(bytes);
/** Of what is told: nobody is there to hear that it was no MessagePack. */
export const told = (bytes) => bytes.length === 0 ? undefined : decodeOrBytes(bytes);

/** What a method sees as `this`. */
class CallContext {
	#inner;
	#handle;
	#begun = Date.now();
	#left;
	#abort = new AbortController();
	signal = this.#abort.signal;

	constructor(inner, event) {
		this.#inner = inner;
		this.#handle = event.handle;
		this.#left = event.first < 0 ? Infinity : event.first;
		this.from = event.id;
		this.method = decode(event.text);
	}

	get left() { return Math.max(this.#left - (Date.now() - this.#begun), 0); }

	progress(value) {
		const { core, pump } = this.#inner;
		const bytes = packed(value);
		const [at] = core.put(bytes);
		check(core.x.wasm_call_progress(this.#handle, at, bytes.length));
		pump.touch();
	}

	stream() {
		const { core, pump, streams } = this.#inner;
		const handle = core.x.wasm_call_stream(this.#handle, core.small) >>> 0;
		if (handle === 0)
			check(core.smallNumber());
		pump.touch();
		return streams.add(handle, this.from, this.method);
	}

	cancel() { this.#abort.abort(new LenoError('CLOSED', 'nobody waits for the answer')); }

	/** Who has called may have no room for it. Nobody waits for it any more: well. */
	async #say(bytes, call) {
		const { core, turns, pump } = this.#inner;
		if (core.closed)
			return;
		await turns.take(this.from, () => {
			const [at] = core.put(bytes);
			pump.touch();
			const done = call(core.x, at);
			return codeOf(done) === 'CLOSED' ? 0 : done;
		});
	}

	answer(bytes) {
		return this.#say(bytes, (x, at) => x.wasm_call_reply(this.#handle, at, bytes.length));
	}

	fail(code, why) {
		return this.#say(encode(`${short(why)}\0`), (x, at) =>
			x.wasm_call_fail(this.#handle, code | 0, at));
	}

	/** Progress that waits for room. */
	say(value) {
		const bytes = packed(value);
		return this.#say(bytes, (x, at) => x.wasm_call_progress(this.#handle, at, bytes.length));
	}
}

class Offer {
	#inner;
	#stop;
	constructor(inner, name, stop) {
		this.#inner = inner;
		this.#stop = stop;
		this.name = name;
	}
	emit(event, value) { return this.#inner.calls.emit(`${this.name}.${event}`, value); }
	stop() { return this.#stop(); }
}

export class Offers {
	#inner;
	#all = new Map();             // number -> { methods, drained }
	#running = new Map();         // handle -> CallContext
	#next = 1;

	constructor(inner) { this.#inner = inner; }

	serve(name, methods, options = {}) {
		const { core, pump } = this.#inner;
		const byName = new Map(), lines = [];
		for (const [key, method] of Object.entries(methods)) {
			const found = METHOD.exec(key);
			if (!found || typeof method !== 'function')
				throw new LenoError('ARGUMENT', `not a method: ${key}`);
			byName.set(found[1], method);
			lines.push(found[2] ? key : `${key}(arguments: any...) -> any`);
		}
		const labels = Object.entries(options.labels ?? {}).map(([k, v]) => `${k}=${v}`);
		const events = (options.events ?? []).map((line) => `event ${line}`);
		const [at, texts] = core.put(core.text(name),
			...[options.version ?? '', ...labels, ...lines, ...events].map((t) => core.text(t)));
		const number = this.#next++;
		check(core.x.wasm_serve(at, texts, labels.length, lines.length + events.length,
			options.concurrency ?? 0, options.waiting === 0 ? 0xffffffff : options.waiting ?? 0,
			number));
		pump.touch();
		const offer = { methods: byName };
		offer.drained = new Promise((resolve) => { offer.drain = resolve; });
		this.#all.set(number, offer);
		return new Offer(this.#inner, name, () => {
			if (this.#all.get(number) === offer && !offer.stopped) {
				offer.stopped = true;
				core.x.wasm_unserve(core.put(core.text(name))[0]);
				pump.touch();
			}
			return offer.drained;
		});
	}

	async onCall(event) {
		const context = new CallContext(this.#inner, event);
		const method = this.#all.get(event.number)?.methods.get(context.method);
		this.#running.set(event.handle, context);
		try {
			if (!method)
				throw new LenoError('NO_METHOD');
			const args = unpacked(event.data) ?? [];
			let result = await method.apply(context, args);
			if (typeof result?.next === 'function' && result[Symbol.asyncIterator])
				result = await this.#generate(context, result);
			await context.answer(packed(result));
		} catch (error) {
			await context.fail(error?.reason ?? 0, String(error?.message ?? error)).catch(() => {});
		} finally {
			this.#running.delete(event.handle);
		}
	}

	async #generate(context, steps) {
		for (;;) {
			const { value, done } = await steps.next();
			if (done)
				return value;
			try {
				context.signal.throwIfAborted();
				await context.say(value);
			} catch (error) {
				await steps.return();
				throw error;
			}
		}
	}

	onCancelled(event) { this.#running.get(event.handle)?.cancel(); }

	onDrained(event) {
		this.#all.get(event.number)?.drain();
		this.#all.delete(event.number);
	}

	close() {
		for (const context of this.#running.values())
			context.cancel();
		for (const offer of this.#all.values())
			offer.drain();
	}
}
