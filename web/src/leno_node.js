// leno_node.js - the node as its user sees it: one line for each thing that it does, and the
// table of what each event of the core means.
import { Asking } from './asking.js';
import { toBytes } from './bytes.js';
import { Calls } from './calls.js';
import { EVENT } from './core.js';
import { Emitter, expire, iterateEvent } from './emitter.js';
import { LenoError } from './errors.js';
import { Groups } from './groups.js';
import { Links } from './links.js';
import { Look, WHY, nodeInfo, serviceInfo } from './look.js';
import { Messages } from './messages.js';
import { Offers } from './offers.js';
import { States } from './states.js';
import { Streams, refuse, streamOf } from './streams.js';
import { Turns } from './turns.js';

const LEVELS = ['error', 'warn', 'info', 'debug'];
const text = (event) => new TextDecoder().decode(event.text);

/** What the parts of one node have in common. */
function makeInner(core, pump, emitter, more) {
	const inner = { core, pump, emitter, closing: new AbortController(), ...more };
	inner.turns = new Turns();
	inner.asking = new Asking(core, pump);
	inner.look = new Look(core, pump);
	inner.messages = new Messages(inner);
	inner.streams = new Streams(inner);
	inner.groups = new Groups(inner);
	inner.offers = new Offers(inner);
	inner.calls = new Calls(inner);
	inner.states = new States(inner);
	inner.links = new Links(inner);
	return inner;
}

/** By kind: what an event does. */
function makeTable(inner) {
	const { core, emitter, look, messages, streams, groups, offers, calls, states } = inner;
	const names = new Map();
	const info = (event) => core.values(event.data)[0];
	const on = [];
	on[EVENT.NODE_UP] = (e) => {
		const node = nodeInfo(core, info(e));
		names.set(e.id, node.name);
		emitter.tell('node-up', node);
		inner.turns.room(e.id);
	};
	on[EVENT.NODE_DOWN] = (e) => {
		const name = names.get(e.id) ?? '';
		names.delete(e.id);
		emitter.tell('node-down', { id: e.id, name, why: WHY[e.number] });
		if (WHY[e.number] === 'goodbye' || WHY[e.number] === 'refused')
			inner.turns.end(e.id);    // what waits for who has left waits no more
		calls.onRoom();
	};
	on[EVENT.LINK_UP] = (e) => inner.links.onUp(e.id, text(e));
	on[EVENT.LINK_DOWN] = (e) => inner.links.onDown(e.id, WHY[e.number], e.first);
	on[EVENT.MESSAGE] = (e) => messages.onMessage(e);
	on[EVENT.SENT] = (e) => messages.onSent(e);
	on[EVENT.BROADCAST_DONE] = (e) => messages.onSpread(e);
	on[EVENT.WRITABLE] = (e) => {
		inner.turns.room(e.id);
		calls.onRoom();
	};
	on[EVENT.ANSWER] = (e) => inner.asking.answer(e);
	on[EVENT.STREAM] = (e) => streams.onOpen(e);
	on[EVENT.STREAM_READABLE] = (e) => streams.onReadable(e);
	on[EVENT.STREAM_WRITABLE] = (e) => streams.onWritable(e);
	on[EVENT.STREAM_CLOSED] = (e) => streams.onClosed(e);
	on[EVENT.GROUP_STATE] = (e) => groups.onState(e);
	on[EVENT.GROUP_JOINED] = (e) => groups.get(e)?.onJoined(e);
	on[EVENT.GROUP_LEFT] = (e) => groups.get(e)?.onLeft(e);
	on[EVENT.GROUP_MESSAGE] = (e) => groups.get(e)?.onMessage(e);
	on[EVENT.GROUP_DONE] = (e) => groups.get(e)?.onDone(e);
	on[EVENT.GROUP_WRITABLE] = (e) => groups.get(e)?.onWritable();
	on[EVENT.INVITED] = (e) => emitter.tell('invited', { from: e.id, key: e.text, note: e.data });
	on[EVENT.SERVICE_UP] = (e) => emitter.tell('service-up', serviceInfo(core, info(e)));
	on[EVENT.SERVICE_DOWN] = (e) => emitter.tell('service-down', serviceInfo(core, info(e)));
	on[EVENT.HEARTBEAT] = (e) => emitter.tell('heartbeat', { id: e.id, rtt: e.number / 1000 });
	on[EVENT.CALL] = (e) => { offers.onCall(e); };
	on[EVENT.CALL_CANCELLED] = (e) => offers.onCancelled(e);
	on[EVENT.DRAINED] = (e) => offers.onDrained(e);
	on[EVENT.PROGRESS] = (e) => calls.onProgress(e);
	on[EVENT.CALL_STREAM] = (e) => calls.onStream(e);
	on[EVENT.EVENT] = (e) => calls.onEvent(e);
	on[EVENT.STATE_SYNCED] = (e) => states.get(e)?.onSynced();
	on[EVENT.STATE_FAILED] = (e) => states.onFailed(e);
	on[EVENT.STATE_REFUSED] = (e) => states.onRefused(e);
	on[EVENT.STATE_CHANGE] = (e) => states.get(e)?.onChange(e);
	on[EVENT.STORE] = (e) => inner.keeper?.change(e.text, e.data);
	on[EVENT.CLOCK] = (e) => inner.asking.clock(e);
	on[EVENT.JOINED] = (e) => emitter.tell('admitted', e.number);
	on[EVENT.CERTIFICATE] = (e) => emitter.tell('certificate', e.data);
	on[EVENT.REVOCATIONS] = (e) => inner.keeper?.revocations(e.data);
	on[EVENT.LOG] = (e) => inner.log(LEVELS[e.number], text(e));
	return on;
}

export class LenoNode extends Emitter {
	#inner;
	#closed;

	/** Of open.js alone. */
	constructor(core, pump, more) {
		super();
		this.#inner = makeInner(core, pump, this, more);
		const table = makeTable(this.#inner);
		more.tell((event) => table[event.kind]?.(event));
		pump.node = this;
		this.id = core.ids.text(core.view, core.x.wasm_self());
		this.name = more.name;
		this.network = more.network;
		this.signal = this.#inner.closing.signal;
		more.begin(this, this.#inner);
	}

	get self() { return this.#inner.look.self; }
	get nodes() { return this.#inner.look.nodes; }
	get synced() { return this.#inner.core.x.wasm_synced() !== 0; }

	/* ---- links ---------------------------------------------------------------- */
	connect(uri, options) { return this.#inner.links.connect(uri, options); }
	forget(uri) { this.#inner.links.forget(uri); }
	disconnect(node) { this.#inner.links.disconnect(node); }
	listen(uri) { return this.#inner.links.listen(uri); }
	unlisten(uri) { return this.#inner.links.unlisten(uri); }
	discover(uri) { return this.#inner.links.discover(uri, this); }
	attach(pipe, uri) { this.#inner.pump.open(pipe, 0, uri); }

	/* ---- who is there ----------------------------------------------------------- */
	find(node) {
		const { core } = this.#inner;
		return core.idText(core.id(node));
	}
	edges() { return this.#inner.look.edges(); }
	links() { return this.#inner.look.links(); }
	sessions() { return this.#inner.look.sessions(); }
	services() { return this.#inner.look.services(); }
	stats() { return this.#inner.look.stats(); }

	waitFor(node, options = {}) {
		const here = () => {
			try {
				return this.nodes.get(this.find(node));
			} catch (error) {
				if (error.code === 'NO_NODE')
					return undefined;
				throw error;
			}
		};
		return new Promise((resolve, reject) => {
			options.signal?.throwIfAborted();
			const ways = [];
			const settle = (fn) => (value) => {
				ways.forEach((off) => off());
				fn(value);
			};
			const look = () => {
				try {
					const info = here();
					if (info)
						settle(resolve)(info);
				} catch (error) {
					settle(reject)(error);
				}
			};
			ways.push(this.on('node-up', look),
				this.on('closed', () => settle(reject)(new LenoError('CLOSED'))),
				expire(options, settle(reject)));
			look();
		});
	}

	/* ---- messages --------------------------------------------------------------- */
	send(to, type, data, options) { return this.#inner.messages.send(to, type, data, options); }
	trySend(to, type, data) { return this.#inner.messages.trySend(to, type, data); }
	broadcast(type, data) { return this.#inner.messages.broadcast(type, data); }
	request(to, type, data, options) {
		return this.#inner.messages.request(to, type, data, options);
	}
	handle(type, handler) { return this.#inner.messages.handle(type, handler); }

	messages(type, options) {
		return iterateEvent(this, 'message', options,
			{ wanted: (m) => type === undefined || m.type === type });
	}

	async writable(to, options) {
		options?.signal?.throwIfAborted();
		await this.#inner.turns.writable(this.find(to), options);
	}

	async ping(to, options) {
		const { core, asking } = this.#inner;
		const id = core.id(to), begun = performance.now();
		await asking.ask((token) => core.x.wasm_ping(core.put(id)[0], Asking.timeout(options),
			token), options);
		return performance.now() - begun;
	}

	async compareClock(node, options) {
		const { core, asking } = this.#inner;
		const id = core.id(node);
		return asking.ask((token) => core.x.wasm_clock(core.put(id)[0], Asking.timeout(options),
			token), options);
	}

	/* ---- streams, groups, services, events, state ---------------------------------- */
	openStream(to, topic) { return this.#inner.streams.open(to, topic); }
	streams(topic, options) {
		return iterateEvent(this, topic === undefined ? 'stream' : streamOf(topic), options,
			{ drop: refuse });
	}
	group(key) { return this.#inner.groups.join(toBytes(key)); }
	serve(name, methods, options) { return this.#inner.offers.serve(name, methods, options); }
	service(name, options) { return this.#inner.calls.proxy(name, options); }
	call(service, method, args, options) {
		return this.#inner.calls.call(service, method, args, options);
	}
	async describe(node, service, options) {
		const { core, asking } = this.#inner;
		const id = core.id(node), name = core.text(service);
		const lines = await asking.ask((token) => {
			const [i, s] = core.put(id, name);
			return core.x.wasm_describe(i, s, Asking.timeout(options), token);
		}, options);
		return new TextDecoder().decode(lines);
	}
	emit(event, value) { return this.#inner.calls.emit(event, value); }
	subscribe(pattern, listener, options) {
		return this.#inner.calls.subscribe(pattern, listener, options);
	}
	events(pattern, options) { return this.#inner.calls.events(pattern, options); }
	state(name, options) { return this.#inner.states.share(name, options); }

	/* ---- the end -------------------------------------------------------------------- */
	close() {
		if (!this.#closed) {
			let done;
			this.#closed = new Promise((resolve) => { done = resolve; });
			done(this.#close());      // in which listeners may call close(), too
		}
		return this.#closed;
	}

	async #close() {
		const inner = this.#inner;
		inner.pump.settle();
		inner.pump.close();
		inner.closing.abort(new LenoError('CLOSED'));
		for (const part of ['links', 'turns', 'asking', 'messages', 'streams', 'groups', 'offers',
			'states'])
			inner[part].close();
		this.tell('closed');
		await inner.links.gone();
		await inner.keeper?.close();
	}
}

if (Symbol.asyncDispose)      // `await using`, where that is known
	LenoNode.prototype[Symbol.asyncDispose] = function dispose() { return this.close(); };
