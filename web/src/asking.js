// asking.js - what was asked and has one answer: requests, pings, calls, clocks.
import { LenoError, check, codeOf, errorOf } from './errors.js';
import { expire } from './emitter.js';

export class Asking {
	#pump;
	#core;
	#pending = new Map();
	#next = 1;

	constructor(core, pump) {
		this.#core = core;
		this.#pump = pump;
	}

	static DEFAULT_MS = 10000;

	/** What is left of a timeout that began then, as the core takes it. */
	static left(timeout, begun) {
		return timeout === Infinity ? -1
			: Math.max(Math.ceil(timeout - (performance.now() - begun)), 0);
	}

	static timeout(options) {
		return Asking.left(options?.timeout ?? Asking.DEFAULT_MS, performance.now());
	}

	/** A number that nothing pending has. */
	token() {
		do {
			this.#next = this.#next % 0x7fffffff + 1;
		} while (this.#pending.has(this.#next));
		return this.#next;
	}

	/** ask(token) calls the core; its error rejects. More: { signal, cancel(), progress, stream }. */
	ask(ask, { signal, cancel, ...more } = {}) {
		return new Promise((resolve, reject) => {
			if (signal?.aborted)
				return reject(signal.reason);
			const token = this.token();
			let off = () => {};
			const settle = (fn) => (value) => {
				off();
				this.#pending.delete(token);
				fn(value);
			};
			const entry = { resolve: settle(resolve), reject: settle(reject), ...more };
			this.#pending.set(token, entry);
			off = expire({ signal }, (reason) => {
				entry.reject(reason);
				cancel?.();
			});
			try {
				check(ask(token));
				this.#pump.touch();
			} catch (error) {
				entry.reject(error);
			}
		});
	}

	get(token) { return this.#pending.get(token); }

	answer(event) {
		const entry = this.#pending.get(event.handle);
		if (!entry)
			return;
		if (event.number === 0)
			return entry.resolve(event.data);
		const why = new TextDecoder().decode(event.data);
		entry.reject(codeOf(event.number) === 'REFUSED'
			? new LenoError('REFUSED', why || undefined, event.first)
			: errorOf(event.number, why));
	}

	clock(event) {
		const entry = this.#pending.get(event.handle);
		if (event.number < 0)
			entry?.reject(errorOf(event.number));
		else
			entry?.resolve({ offset: event.first / 1000, rtt: event.last / 1000 });
	}

	close() {
		for (const entry of [...this.#pending.values()])
			entry.reject(new LenoError('CLOSED'));
	}
}
