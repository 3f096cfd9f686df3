// turns.js - what waits for room: attempts at one queue are made in the order in which they came.
import { LenoError, codeOf, errorOf } from './errors.js';

const WAITING_MAX = 65536;

export class Turns {
	#waiting = new Map();         // queue -> attempts
	#core;

	constructor(core) { this.#core = core; }

	/** Whether others wait there already. */
	busy(queue) { return this.#waiting.has(queue); }

	/** attempt() returns what the core did; while it says AGAIN it is made again whenever the
	 * queue has room. Other errors reject. keep() is called when it has to wait. A number, or a
	 * promise of one. */
	take(queue, attempt, { signal, keep } = {}) {
		if (!this.busy(queue)) {
			const done = attempt();
			if (done >= 0)
				return done;
			if (codeOf(done) !== 'AGAIN')
				throw errorOf(done);
		}
		keep?.();
		return new Promise((resolve, reject) => {
			const abort = () => {
				entry.attempt = null;
				reject(signal.reason);
			};
			const settle = (fn) => (value) => {
				signal?.removeEventListener('abort', abort);
				fn(value);
			};
			const entry = { attempt, resolve: settle(resolve), reject: settle(reject) };
			const waiting = this.#waiting.get(queue);
			if (!waiting)
				this.#waiting.set(queue, [entry]);
			else if (waiting.length < WAITING_MAX)
				waiting.push(entry);
			else
				return reject(new LenoError('AGAIN'));
			signal?.addEventListener('abort', abort, { once: true });
		});
	}

	/** There is room. */
	room(queue) {
		const waiting = this.#waiting.get(queue);
		if (!waiting)
			return;
		let n = 0;
		for (; n < waiting.length; n++) {
			const { attempt, resolve, reject } = waiting[n];
			if (!attempt)
				continue;
			let done;
			try {
				done = attempt();
			} catch (error) {
				reject(error);
				continue;
			}
			if (done >= 0)
				resolve(done);
			else if (codeOf(done) === 'AGAIN')
				break;
			else
				reject(errorOf(done));
		}
		waiting.splice(0, n);
		if (waiting.length === 0)
			this.#waiting.delete(queue);
	}

	/** There will be none. */
	end(queue) {
		for (const { reject } of this.#waiting.get(queue) ?? [])
			reject(new LenoError('CLOSED'));
		this.#waiting.delete(queue);
	}

	close() {
		for (const queue of [...this.#waiting.keys()])
			this.end(queue);
	}
}
