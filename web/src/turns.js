// turns.js - what waits for room: attempts at one queue are made in the order in which they came.
import { expire } from './emitter.js';
import { LenoError, codeOf, errorOf, numberOf } from './errors.js';

const WAITING_MAX = 65536;
const same = (number) => number;

export class Turns {
	#waiting = new Map();         // queue -> attempts
	#full = new Set();            // queues of which somebody who does not wait knows that they are

	/** Whether others wait there already. */
	busy(queue) { return this.#waiting.has(queue); }

	/** attempt() returns what the core did; while it says AGAIN it is made again whenever the
	 * queue has room. Other errors reject. keep() is called when it has to wait, for `timeout`
	 * and until the signal at most. took(number) is called as soon as it is done, and before
	 * anything else is; what it returns is returned, by a promise if it had to wait. */
	take(queue, attempt, { signal, timeout, keep, took = same } = {}) {
		if (!this.busy(queue)) {
			const done = attempt();
			if (done >= 0)
				return took(done);
			if (codeOf(done) !== 'AGAIN')
				throw errorOf(done);
		}
		keep?.();
		return new Promise((resolve, reject) => {
			const waiting = this.#waiting.get(queue) ?? [];
			if (waiting.length >= WAITING_MAX)
				return reject(new LenoError('AGAIN'));
			const off = expire({ signal, timeout }, (reason) => {
				entry.attempt = null;
				reject(reason);
			});
			const settle = (fn) => (value) => {
				off();
				fn(value);
			};
			const entry = { attempt, took, resolve: settle(resolve), reject: settle(reject) };
			waiting.push(entry);
			this.#waiting.set(queue, waiting);
		});
	}

	/** An attempt has said AGAIN that is not made again from here. */
	filled(queue) { this.#full.add(queue); }

	/** Resolves when there is room, after those that wait already. */
	async writable(queue, options) {
		await this.take(queue, () => this.#full.has(queue) ? numberOf('AGAIN') : 0, options);
	}

	/** There is room. */
	room(queue) {
		this.#full.delete(queue);
		const waiting = this.#waiting.get(queue);
		if (!waiting)
			return;
		let n = 0;
		for (; n < waiting.length; n++) {
			const { attempt, took, resolve, reject } = waiting[n];
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
				resolve(took(done));
			else if (codeOf(done) === 'AGAIN')
				break;
			else
				reject(errorOf(done));
		}
		waiting.splice(0, n);
		if (waiting.length === 0)
			this.#waiting.delete(queue);
	}

	/** There is room in one of those whose names begin so. */
	roomOf(names) {
		for (const queue of [...this.#waiting.keys()])
			if (queue.startsWith(names))
				this.room(queue);
	}

	/** There will be none. */
	end(queue) {
		this.#full.delete(queue);
		for (const { reject } of this.#waiting.get(queue) ?? [])
			reject(new LenoError('CLOSED'));
		this.#waiting.delete(queue);
	}

	close() {
		for (const queue of [...this.#waiting.keys()])
			this.end(queue);
	}
}
