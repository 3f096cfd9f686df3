// emitter.js - listeners, and async iterators over what happens.
import { LenoError, report } from './errors.js';

const LIMIT = 65536;

/** 'closed' is the last that it tells: who asks for more afterwards is told so. */
export class Emitter {
	#listeners = new Map();
	#over = false;

	on(event, listener, { signal } = {}) {
		if (typeof listener !== 'function')
			throw new TypeError('a listener is a function');
		if (signal?.aborted)
			return () => {};
		let all = this.#listeners.get(event);
		if (!all)
			this.#listeners.set(event, all = new Set());
		all.add(listener);
		const off = () => {
			signal?.removeEventListener('abort', off);
			this.off(event, listener);
		};
		signal?.addEventListener('abort', off, { once: true });
		return off;
	}

	off(event, listener) { this.#listeners.get(event)?.delete(listener); }

	once(event, { signal, timeout } = {}) {
		return new Promise((resolve, reject) => {
			const ways = [];
			const done = (settle) => (value) => {
				ways.forEach((off) => off());
				settle(value);
			};
			if (this.#over && event !== 'closed')
				return reject(new LenoError('CLOSED'));
			if (this.#over)
				return resolve();
			ways.push(this.on(event, done(resolve)));
			if (event !== 'closed')
				ways.push(this.on('closed', () => done(reject)(new LenoError('CLOSED'))));
			ways.push(expire({ signal, timeout }, done(reject)));
		});
	}

	/** Whether anybody listens. */
	hears(event) { return (this.#listeners.get(event)?.size ?? 0) > 0; }

	get over() { return this.#over; }

	tell(event, value) {
		const all = this.#listeners.get(event);
		if (event === 'closed')
			this.#over = true;
		if (!all)
			return;
		let left = all.size;      // who comes while it is told hears of the next
		for (const listener of all) {
			if (left-- === 0)
				break;
			try {
				listener(value);
			} catch (error) {
				report(error);
			}
		}
	}
}

/** Calls fail once with what the signal or the time says; returns what takes that back. */
export function expire({ signal, timeout }, fail) {
	const abort = () => fail(signal.reason);
	if (signal?.aborted) {
		queueMicrotask(abort);
		return () => {};
	}
	signal?.addEventListener('abort', abort, { once: true });
	const timer = timeout < 2 ** 31
		? setTimeout(() => fail(new LenoError('TIMEOUT')), timeout) : undefined;
	return () => {
		signal?.removeEventListener('abort', abort);
		clearTimeout(timer);
	};
}

/** start(push, finish) listens and returns what ends that; what is pushed comes out of the loop, or
 * is given to drop() when nobody will take it. */
export function iterate(start, { signal, limit = LIMIT } = {}, drop = () => {}) {
	const waiting = [], loops = [];
	let over = false, failure;

	const finish = (error) => {
		if (over)
			return;
		over = true;
		failure = error;
		stop();
		signal?.removeEventListener('abort', abort);
		for (const loop of loops.splice(0))
			failure ? loop.reject(take()) : loop.resolve({ value: undefined, done: true });
	};
	const take = () => {
		const error = failure;
		failure = undefined;
		return error;
	};
	const abort = () => finish(signal.reason);
	const push = (value) => {
		if (over)
			return;
		if (loops.length > 0)
			loops.shift().resolve({ value, done: false });
		else if (waiting.length >= limit) {
			finish(new LenoError('LIMIT', `the loop is more than ${limit} items behind`));
			drop(value);
		} else
			waiting.push(value);
	};
	let stop = () => {};
	if (signal?.aborted)
		finish(signal.reason);
	else {
		stop = start(push, finish);
		if (over)
			stop();
		else
			signal?.addEventListener('abort', abort, { once: true });
	}
	return {
		next() {
			if (waiting.length > 0)
				return Promise.resolve({ value: waiting.shift(), done: false });
			if (failure)
				return Promise.reject(take());
			if (over)
				return Promise.resolve({ value: undefined, done: true });
			return new Promise((resolve, reject) => loops.push({ resolve, reject }));
		},
		return(value) {
			finish();
			waiting.splice(0).forEach(drop);
			return Promise.resolve({ value, done: true });
		},
		[Symbol.asyncIterator]() { return this; },
	};
}

/** For start() of iterate(): ends the loop with the emitter; off is what ends the listening. */
export function untilClosed(emitter, finish, off) {
	const end = emitter.on('closed', () => finish());
	if (emitter.over)
		finish();
	return () => { off(); end(); };
}

/** Loops over one event of an emitter, until it is closed. */
export function iterateEvent(emitter, event, options, { wanted = () => true, drop } = {}) {
	return iterate((push, finish) => untilClosed(emitter, finish,
		emitter.on(event, (value) => { if (wanted(value)) push(value); })), options, drop);
}
