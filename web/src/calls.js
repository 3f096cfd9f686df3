// calls.js - calling services, and what they and others say to whom it concerns.
import { Asking } from './asking.js';
import { decode } from './bytes.js';
import { Emitter, iterate, untilClosed } from './emitter.js';
import { check } from './errors.js';
import { packed, told, unpacked } from './offers.js';

const PROGRESS = 1, STREAM = 2;
const CALL = 'call ';             // queues of calls begin so: one for each provider or service
const LEAST_MS = 1;               // 0 would be the default
const NOBODY = new Uint8Array(0);

export class Calls {
	#inner;
	#heard = new Emitter();       // pattern -> listeners
	#patterns = new Map();        // pattern -> { number, listeners }
	#next = 1;

	constructor(inner) { this.#inner = inner; }

	async call(service, method, args = [], options = {}) {
		const { core, turns, asking } = this.#inner;
		const data = args.length === 0 ? NOBODY : packed(args);
		const to = options.node === undefined ? NOBODY : core.id(options.node);
		const begun = performance.now(), timeout = options.timeout ?? Asking.DEFAULT_MS;
		const flags = (options.onprogress ? PROGRESS : 0) | (options.onstream ? STREAM : 0);
		let id = 0, gone = false;
		const attempt = (token) => {
			if (gone)
				return 0;
			const [s, m, d, t, l, v] = core.put(core.text(service), core.text(method), data, to,
				core.text(options.label ?? ''), core.text(options.version ?? ''));
			return id = core.x.wasm_call(s, m, d, data.length, to.length ? t : 0, l, v,
				Asking.left(timeout, begun) || LEAST_MS, flags, token);
		};
		const cancel = () => {
			gone = true;
			if (id > 0 && !core.closed) {
				core.x.wasm_call_cancel(id);
				this.#inner.pump.touch();
			}
		};
		return unpacked(await asking.ask((token) => {
			const taken = turns.take(`${CALL}${options.node === undefined ? '' : core.idText(to)} ${
				service}`, () => attempt(token), { timeout });
			if (typeof taken !== 'number')
				taken.catch((error) => asking.get(token)?.reject(error));
			return 0;
		}, { signal: options.signal, cancel, progress: options.onprogress,
			stream: options.onstream }));
	}

	onRoom() { this.#inner.turns.roomOf(CALL); }

	onProgress(event) {
		this.#inner.asking.get(event.handle)?.progress?.(told(event.data));
	}

	onStream(event) {
		const stream = this.#inner.streams.add(event.number >>> 0, event.id, decode(event.text));
		const wanted = this.#inner.asking.get(event.handle)?.stream;
		if (wanted)
			wanted(stream);
		else
			stream.abort('the call has ended');
	}

	/** The methods of a service as functions. */
	proxy(service, options = {}) {
		const more = {
			$with: (others) => this.proxy(service, { ...options, ...others }),
			$on: (event, listener) => this.subscribe(`${service}.${event}`, listener),
		};
		return new Proxy(more, {
			get: (target, name) => {
				// A promise that resolves to this must not take it for another promise.
				if (typeof name === 'symbol' || name === 'then')
					return undefined;
				return Object.hasOwn(target, name) ? target[name]
					: (...args) => this.call(service, name, args, options);
			},
		});
	}

	/* ---- events ---------------------------------------------------------------- */

	emit(event, value) {
		const { core, pump } = this.#inner;
		const data = packed(value);
		const [at, d] = core.put(core.text(event), data);
		pump.touch();
		return check(core.x.wasm_emit(at, d, data.length));
	}

	subscribe(pattern, listener, { signal } = {}) {
		const { core, pump } = this.#inner;
		if (signal?.aborted)
			return () => {};
		let entry = this.#patterns.get(pattern);
		if (!entry) {
			entry = { number: this.#next++, listeners: 0 };
			check(core.x.wasm_subscribe(core.put(core.text(pattern))[0], entry.number));
			pump.touch();
			this.#patterns.set(pattern, entry);
		}
		entry.listeners++;
		const tell = ({ value, ...about }) => listener(value, about);
		this.#heard.on(entry.number, tell);
		let on = true;
		const off = () => {
			if (!on)
				return;
			on = false;
			signal?.removeEventListener('abort', off);
			this.#heard.off(entry.number, tell);
			if (--entry.listeners === 0 && !core.closed) {
				this.#patterns.delete(pattern);
				core.x.wasm_unsubscribe(core.put(core.text(pattern))[0]);
				pump.touch();
			}
		};
		signal?.addEventListener('abort', off, { once: true });
		return off;
	}

	events(pattern, options) {
		return iterate((push, finish) => untilClosed(this.#inner.emitter, finish,
			this.subscribe(pattern, (value, about) => push({ ...about, value }))), options);
	}

	onEvent(event) {
		this.#heard.tell(event.number, { event: decode(event.text), from: event.id,
			value: told(event.data) });
	}
}
