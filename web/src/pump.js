// pump.js - drives one node: gives it the time and what pipes bring, then tells what has
// happened and carries out what it asks for.
//
//  1. Events are told before outputs are taken: what is acknowledged has been heard.
//  2. What is called from listeners leaves when all of them have returned.
//  3. A pipe that is full is not written to; what waits, waits in the node.
//  4. An assertion that fails in the module ends the node, whatever it was given.
import { LenoError, check, numberOf, report } from './errors.js';

const OUT_WRITE = 1, OUT_CLOSE = 2;
const CLASSES = { local: 1, stream: 2, wrapped: 3, datagram: 4, polled: 5 };
const PIPES_MAX = 4096, TIMER_MAX = 2 ** 31 - 1;
const NOTHING = new Uint8Array(0);
const FULL = 256 * 1024;          // bytes that a pipe holds before the node keeps the rest, if it
                                  // does not say

export class Pump {
	#core;
	#dialers;
	#dispatch;
	#before;
	#pipes = new Map();
	#free = [];
	#dials = new Map();           // number -> AbortController
	#timer;
	#due = Infinity;
	#running = false;
	#soon = false;
	#events = [];                 // that are being told
	#told = 0;
	#log;
	node = null;                  // for dialers
	/** Counts inputs: what was looked up in the same one is still so. */
	turn = 0;

	/** before, if any, is awaited for each dial: whose turn it is to reach the outside. */
	constructor(core, dialers, dispatch, before, log) {
		this.#core = core;
		this.#dialers = dialers;
		this.#dispatch = dispatch;
		this.#before = before;
		this.#log = log;
	}

	static now() { return performance.now(); }

	/** After a call that may have left something to be done: does it when this task ends. */
	touch() {
		this.turn++;
		if (this.#soon || this.#running)
			return;
		this.#soon = true;
		queueMicrotask(() => {
			this.#soon = false;
			this.settle();
		});
	}

	settle() {
		if (this.#running || this.#core.closed)
			return;
		this.#running = true;
		try {
			this.#core.x.wasm_time(Pump.now(), Date.now());
			this.#turn();
		} catch (error) {
			this.#broken(error);
		} finally {
			this.#running = false;
		}
	}

	/** An assertion of the module has failed, which is our mistake: the node ends here. */
	#broken(error) {
		if (!(error instanceof WebAssembly.RuntimeError))
			throw error;
		this.#core.closed = true;
		for (const abort of this.#dials.values())
			abort.abort();
		for (const { pipe } of this.#pipes.values())
			pipe.close();
		report(error);
		this.node?.close();
	}

	#turn() {
		for (let more = true; more && !this.#core.closed;) {
			more = this.#hear();
			if (!this.#core.closed)
				more = this.#outputs() || more;
		}
		if (!this.#core.closed)
			this.#arm();
	}

	/** Tells what has happened; false: nothing had. It goes on where it was when it is called by
	 * what it tells: whoever closes the node. */
	#hear() {
		this.turn++;
		if (this.#events.length === 0)
			this.#events = this.#core.events();
		const any = this.#events.length > 0;
		while (this.#told < this.#events.length)
			try {
				this.#dispatch(this.#events[this.#told++]);
			} catch (error) {
				if (error instanceof WebAssembly.RuntimeError)
					throw error;
				report(error);        // of what it was told to: others are told still
			}
		this.#events.length = this.#told = 0;
		return any;
	}

	/** A timer that comes too early costs one look; to set it anew with every input costs more. */
	#arm() {
		const due = this.#core.x.wasm_deadline();
		if (this.#timer !== undefined && this.#due <= due)
			return;
		clearTimeout(this.#timer);
		this.#timer = undefined;
		this.#due = due;
		if (due === Infinity)
			return;
		const delay = Math.min(Math.max(Math.ceil(due - Pump.now()), 0), TIMER_MAX);
		this.#timer = setTimeout(() => {
			this.#timer = undefined;
			this.settle();
		}, delay);
	}

	#outputs() {
		const core = this.#core;
		let any = false;
		for (let kind; !core.closed && (kind = core.x.wasm_next(core.small)) !== 0; any = true) {
			const number = core.smallNumber(0) >>> 0;
			if (kind === OUT_WRITE)
				this.#write(this.#pipes.get(number));
			else if (kind === OUT_CLOSE)
				this.#end(this.#pipes.get(number));
			else
				this.#dial(core.smallNumber(1) >>> 0, core.cstring(core.smallNumber(2) >>> 0),
					core.smallNumber(3));
		}
		return any;
	}

	/* ---- pipes ---------------------------------------------------------------- */

	/** Takes a pipe; dial: the number of the dial that it came of, or 0. */
	open(pipe, dial, uri) {
		const core = this.#core;
		const number = this.#free.pop() ?? this.#pipes.size;
		if (number >= PIPES_MAX) {
			pipe.close();
			throw new LenoError('LIMIT');
		}
		const state = { number, pipe, wants: false };
		this.#pipes.set(number, state);
		const error = this.#bind(number, pipe, dial, uri);
		if (error < 0) {
			this.#drop(state);
			pipe.close();
			this.settle();
			check(error);
		}
		pipe.onbytes = (bytes) => this.#take(state, bytes);
		pipe.onclose = () => this.#lost(state);
		pipe.ondrain = () => {
			if (state.wants && this.#pipes.get(number) === state)
				this.#give(() => this.#write(state));
		};
		this.settle();
	}

	#bind(number, { kind, binding = NOTHING }, dial, uri) {
		const core = this.#core;
		try {
			const [at, bound] = core.put(core.text(uri), binding);
			return core.x.wasm_bound(number, CLASSES[kind] ?? CLASSES.wrapped, dial, at, bound,
				binding.length);
		} catch (error) {
			if (error instanceof LenoError)
				return numberOf(error.code);
			this.#broken(error);
			return numberOf('CLOSED');
		}
	}

	#drop(state) {
		this.#pipes.delete(state.number);
		this.#free.push(state.number);
		state.pipe.onbytes = state.pipe.onclose = state.pipe.ondrain = null;
	}

	#take(state, bytes) {
		const core = this.#core;
		try {
			for (let at = 0; at < bytes.length; at += core.ioSize) {
				if (core.closed || this.#pipes.get(state.number) !== state)
					return;
				const piece = bytes.subarray(at, at + core.ioSize);
				core.x.wasm_time(Pump.now(), Date.now());
				core.bytes.set(piece, core.io);
				core.x.wasm_take(state.number, core.io, piece.length);
				this.#tell();
			}
			this.touch();
		} catch (error) {
			this.#broken(error);
		}
	}

	/** What is said because of it, by listeners and by those who await them, shares a record with
	 * the acknowledgement: outputs are taken when the task ends. */
	#tell() {
		if (this.#running)
			return;
		this.#running = true;
		try {
			this.#hear();
		} finally {
			this.#running = false;
		}
	}

	/** An input that concerns a pipe or a dial, and all that it leads to. */
	#give(input) {
		if (this.#core.closed)
			return;
		try {
			this.#core.x.wasm_time(Pump.now(), Date.now());
			input(this.#core.x);
		} catch (error) {
			this.#broken(error);
		}
		this.settle();
	}

	#lost(state) {
		if (this.#pipes.get(state.number) !== state)
			return;
		this.#drop(state);
		this.#give((x) => x.wasm_closed(state.number));
	}

	#make(state, most) {
		const core = this.#core;
		while (state.pipe.bufferedAmount < most) {
			const size = core.x.wasm_make(state.number, core.io, core.ioSize);
			if (size === 0)
				return true;
			state.pipe.send(core.bytes.subarray(core.io, core.io + size));
		}
		return false;
	}

	#write(state) {
		if (state)
			state.wants = !this.#make(state, state.pipe.full ?? FULL);
	}

	#end(state) {
		if (!state)
			return;
		this.#make(state, Infinity);
		this.#drop(state);
		state.pipe.close();
	}

	/* ---- dialling --------------------------------------------------------------- */

	async #dial(number, uri, flags) {
		const core = this.#core;
		const abort = new AbortController();
		this.#dials.set(number, abort);
		try {
			const dial = this.#dialers.get(uri.slice(0, Math.max(uri.indexOf(':'), 0)));
			if (!dial)
				throw new LenoError('URI');
			const context = { signal: abort.signal, node: this.node,
				hearsay: (flags & 1) !== 0, beside: (flags & 2) !== 0 };
			await this.#before?.(uri, context);
			const pipe = await dial(uri, context);
			if (core.closed)
				pipe.close();
			else
				this.open(pipe, number, uri);
		} catch (error) {
			if (!(error instanceof LenoError) && !abort.signal.aborted)
				this.#log('warn', `cannot dial ${uri}: ${error?.message ?? error}`);
			this.#give((x) => x.wasm_dial_failed(number, numberOf('ADDRESS')));
		} finally {
			this.#dials.delete(number);
		}
	}

	/** Ends all pipes without a word: the page is put away, and may come back. */
	hangUp() {
		for (const state of [...this.#pipes.values()]) {
			state.pipe.close();
			this.#lost(state);
		}
	}

	/** Says goodbye on all pipes and ends them; nothing is driven any more. What has come is told
	 * first, as with the goodbye it is acknowledged. */
	close() {
		const core = this.#core;
		clearTimeout(this.#timer);
		if (core.closed)
			return;
		for (const abort of this.#dials.values())
			abort.abort();
		this.#hear();
		core.x.wasm_goodbye();
		this.#outputs();
		for (const state of [...this.#pipes.values()]) {
			this.#make(state, Infinity);
			this.#drop(state);
			state.pipe.close();
		}
		core.close();
	}
}
