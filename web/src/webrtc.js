// webrtc.js - links between browsers: data channels that two nodes agree on through the mesh.
//
// The engine says whom to dial, as it does of any link that nobody asked for: browsers tell where
// they can be dialled, "webrtc://" and their id. The dialler offers, the other answers, and both
// trickle candidates, as requests of the type "leno/webrtc" (docs/protocol.md, WebRTC): sealed
// from end to end, since there is no direct link yet.
//
//   NEW --dial--> OFFERED --answer--> CONNECTING --channel open--> a pipe, which is the engine's
//   NEW --offer-> ANSWERED ------------^
//   any --deadline, bye, failed, a newer offer of the same node--> gone
//
//  1. A node has one call with another at a time. When both dial at once, the lower id's stands.
//  2. Of one's own calls and of those of others there are CALLS_MAX each.
//  3. What a node can have us make, by one offer after the other, is bounded: OFFERS_MAX.

import { ChannelPipe, failure, hex } from './channel.js';

export const TYPE = 'leno/webrtc';

const CALLS_MAX = 16;          // under way, each way
const CANDIDATES_MAX = 64;     // taken of one call
const SIGNAL_MAX = 32 * 1024;  // bytes of one signal
const DEADLINE_MS = 15000;     // from the offer to the open channel
const OFFERS_MAX = 8;          // of one node that are answered in a DEADLINE_MS
const OFFERERS_MAX = 1024;     // nodes whose offers are counted

const utf8 = new TextEncoder();

/* ---- one call ------------------------------------------------------------------------------ */

// A connection on its way to a pipe, and what both ends say about it. `say(signal)` puts a signal
// to the other node, and resolves when that has taken it.
class Call {
	#connection;
	#say;
	#opened;                   // the pipe, which is not bound yet
	#done;                     // { resolve, reject } of this.pipe
	#early = [];               // candidates that came before their description
	#taken = 0;
	#unsaid = [];              // candidates of ours: the other knows of no call
	#timer;

	constructor(id, options, say) {
		this.id = id;
		this.#say = say;
		this.pipe = new Promise((resolve, reject) => { this.#done = { resolve, reject }; });
		this.pipe.catch(() => {});
		this.#timer = setTimeout(() =>
			this.fail(failure('TIMEOUT', 'no connection in time')), DEADLINE_MS);
		this.#connection = new RTCPeerConnection({
			iceServers: options.iceServers ?? [],
			iceTransportPolicy: options.iceTransportPolicy ?? 'all'
		});
		this.#connection.onicecandidate = ({ candidate }) => this.#found(candidate);
		this.#connection.onconnectionstatechange = () => {
			if (this.#connection.connectionState === 'failed')
				this.fail(failure('UNREACHABLE', 'no way was found between the two'));
		};
		this.#open(this.#connection.createDataChannel('leno',
			{ protocol: 'leno/1', negotiated: true, id: 0, ordered: true }));
	}

	// The channel may be open before the browser says that the answer is set.
	#open(channel) {
		channel.onopen = () => {
			this.#opened = new ChannelPipe(this.#connection, channel);
			this.#settle();
		};
		channel.onclose = () => this.fail(failure('CLOSED', 'the channel closed'));
	}

	#settle() {
		if (!this.#opened || this.#early || !this.#done)
			return;
		try {
			this.#opened.bind();
			this.#done.resolve(this.#opened);
			this.#done = null;
			clearTimeout(this.#timer);
			this.#connection.onicecandidate = null;
		} catch (error) {
			this.fail(error);
		}
	}

	// The same, as long as there is hope: of a connection that was closed browsers say nothing more.
	unless(promise) {
		return Promise.race([promise, this.pipe.then(() => promise)]);
	}

	// Over before there was a pipe; nothing happens to one that there is.
	fail(error) {
		if (!this.#done)
			return;
		this.#done.reject(error);
		this.#done = null;
		clearTimeout(this.#timer);
		this.#opened?.close();
		this.#connection.onicecandidate = this.#connection.onconnectionstatechange = null;
		this.#connection.close();
	}

	async offer() {
		await this.#connection.setLocalDescription();
		return this.#connection.localDescription.sdp;
	}

	async answered(sdp) {
		await this.#connection.setRemoteDescription({ type: 'answer', sdp });
		this.#described();
	}

	async answer(sdp) {
		this.said();
		await this.#connection.setRemoteDescription({ type: 'offer', sdp });
		await this.#connection.setLocalDescription();
		this.#described();
		return this.#connection.localDescription.sdp;
	}

	// The other one hears of the call before it hears anything else from now on.
	said() {
		const unsaid = this.#unsaid ?? [];

		this.#unsaid = null;
		for (const candidate of unsaid)
			this.#found(candidate);
	}

	#found(candidate) {
		if (!this.#done)
			return;
		if (this.#unsaid)
			this.#unsaid.push(candidate);
		else
			this.#say({ call: this.id, candidate: candidate ? candidate.toJSON() : null })
				.catch((error) => this.fail(error));
	}

	#described() {
		const early = this.#early;

		this.#early = null;
		for (const candidate of early)
			this.#add(candidate);
		this.#settle();
	}

	// Who has more of them than that will be found by some of these.
	candidate(candidate) {
		if (++this.#taken > CANDIDATES_MAX)
			return;
		if (this.#early)
			this.#early.push(candidate);
		else
			this.#add(candidate);
	}

	// One that this browser cannot use is no reason to give up the others.
	#add(candidate) {
		if (this.#done)
			this.#connection.addIceCandidate(candidate ?? undefined).catch(() => {});
	}
}

/* ---- a node's calls ------------------------------------------------------------------------ */

function read(request) {
	const signal = request.data.length <= SIGNAL_MAX ? JSON.parse(request.text) : null;

	if (typeof signal?.call !== 'string' || !/^[0-9a-f]{32}$/.test(signal.call))
		throw failure('PROTOCOL', 'no signal');
	return signal;
}

/** Makes and answers calls for one node, until stop(). */
export class Caller {
	#node;
	#options;
	#dialled = new Map();      // by the other's id
	#answering = new Map();
	#offers = new Map();       // by the other's id: { n, since }
	#handler;

	constructor(node, options = {}) {
		this.#node = node;
		this.#options = options;
		this.#handler = node.handle(TYPE, (request) => this.#signalled(request));
	}

	/** A Dialer of index.d.ts: "webrtc://ID". */
	async dial(uri, { signal }) {
		const to = /^webrtc:\/\/([0-9a-f-]{36})$/.exec(uri)?.[1];
		const call = to && to !== this.#node.id && this.#begin(this.#dialled, to,
			hex(crypto.getRandomValues(new Uint8Array(16))));

		if (!call)
			throw failure('URI', 'no such node, or too many calls: ' + uri);
		const abandon = () => call.fail(signal.reason ?? failure('CLOSED', 'given up'));

		signal.addEventListener('abort', abandon);
		try {
			if (signal.aborted)
				abandon();
			return await call.unless(this.#dial(call, to));
		} catch (error) {
			call.fail(error);
			this.#say(to, { call: call.id, bye: true }).catch(() => {});
			throw error;
		} finally {
			signal.removeEventListener('abort', abandon);
			this.#end(this.#dialled, to, call);
		}
	}

	stop() {
		this.#handler();
		for (const calls of [this.#dialled, this.#answering])
			for (const call of calls.values())
				call.fail(failure('CLOSED', 'the node is closed'));
	}

	async #dial(call, to) {
		const sdp = await call.offer();
		const said = this.#say(to, { call: call.id, offer: sdp });

		call.said();
		await call.answered(JSON.parse(new TextDecoder().decode(await said)).answer);
		return call.pipe;
	}

	#say(to, signal) {
		return this.#node.request(to, TYPE, utf8.encode(JSON.stringify(signal)),
			{ timeout: DEADLINE_MS });
	}

	// null: there are too many, or one with this node.
	#begin(calls, to, id) {
		if (calls.has(to) || calls.size >= CALLS_MAX)
			return null;
		const call = new Call(id, this.#options, (signal) => this.#say(to, signal));

		calls.set(to, call);
		return call;
	}

	#end(calls, to, call) {
		if (calls.get(to) === call)
			calls.delete(to);
	}

	async #hand(call, from) {
		try {
			this.#node.attach(await call.pipe, 'webrtc://' + from);
		} catch {                  // the dialler is told, or finds out
		} finally {
			this.#end(this.#answering, from, call);
		}
	}

	async #signalled(request) {
		const signal = read(request), from = request.from;
		const call = [this.#dialled.get(from), this.#answering.get(from)]
			.find((c) => c?.id === signal.call);

		if (typeof signal.offer === 'string')
			return this.#offered(from, signal);
		if (call && signal.bye)
			call.fail(failure('CLOSED', 'the other side has given up'));
		else if (call && 'candidate' in signal)
			call.candidate(signal.candidate);
		return undefined;
	}

	// A connection costs the browser much more than an offer costs who says it.
	#counts(from) {
		const now = performance.now(), known = this.#offers.get(from);
		const offers = known && now - known.since < DEADLINE_MS ? known : { n: 0, since: now };

		if (!known && this.#offers.size >= OFFERERS_MAX)
			this.#offers.delete(this.#offers.keys().next().value);
		this.#offers.set(from, offers);
		return ++offers.n <= OFFERS_MAX;
	}

	// Where both have dialled, the one with the lower id is the dialler.
	async #offered(from, signal) {
		const ours = this.#dialled.get(from);

		if (ours && this.#node.id < from)
			throw failure('EXISTS', 'dialled from here already');
		if (!this.#counts(from))
			throw failure('BUSY', 'too many offers');
		ours?.fail(failure('EXISTS', 'the other side dials'));
		this.#answering.get(from)?.fail(failure('EXISTS', 'dialled anew'));
		this.#answering.delete(from);
		const call = this.#begin(this.#answering, from, signal.call);

		if (!call)
			throw failure('LIMIT', 'too many calls');
		this.#hand(call, from);
		try {
			return JSON.stringify({ answer: await call.unless(call.answer(signal.offer)) });
		} catch (error) {
			call.fail(error);
			throw error;
		}
	}
}

const callers = new WeakMap();

/** Lets this node call and be called. */
export function startWebRTC(node, options) {
	const caller = new Caller(node, options);

	callers.set(node, caller);
	node.signal.addEventListener('abort', () => caller.stop(), { once: true });
}

/** A Dialer: of the node for which it was started. */
export async function dialWebRTC(uri, context) {
	const caller = callers.get(context.node);

	if (!caller)
		throw failure('URI', 'not in this node');
	return caller.dial(uri, context);
}

/** Is it there to be used? */
export const hasWebRTC = () => typeof RTCPeerConnection === 'function';
