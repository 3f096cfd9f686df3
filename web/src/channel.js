// channel.js - an open data channel as a Pipe of index.d.ts.
//
//  1. What a pipe is bound by are the certificates that its browser has checked.
//  2. No more than HELD bytes are given to the browser: a flood ends in our own queue.
//  3. What comes before somebody listens waits for him, the end too.

import { LenoError } from './errors.js';
import { Room } from './room.js';

const LOST_MS = 1500;          // disconnected, as the browser says: over
const LOOK_MS = 500;
const QUIET_MS = 2000;         // nothing came: the browser's own questions are looked at
const SILENT_MS = 3000;        // nothing came, and so many of them have no answer: over
const UNANSWERED = 2;
const LINGER_MS = 2000;        // what was sent may leave for so long
const CHUNK = 64 * 1024;       // bytes of one message, if the peer takes as many
const HELD = 1024 * 1024;      // bytes that the browser is given
const EARLY_MAX = 64 * 1024;   // bytes that wait until somebody listens

export const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
export const failure = (code, message) => new LenoError(code, 'webrtc: ' + message);

/* ---- what binds ---------------------------------------------------------------------------- */

// The one SHA-256 fingerprint of a description: 32 bytes.
function fingerprint(sdp) {
	const found = new Set(Array.from(sdp.matchAll(/^a=fingerprint:(\S+) ([0-9A-Fa-f:]+)\r?$/gm),
		([, hash, value]) => hash.toLowerCase() + ' ' + value.toLowerCase()));
	const [hash, value] = found.size === 1 ? [...found][0].split(' ') : [];
	const bytes = hash === 'sha-256' ? value.split(':').map((b) => parseInt(b, 16)) : [];

	if (bytes.length !== 32 || !bytes.every((b) => b >= 0 && b < 256))
		throw failure('PROTOCOL', 'a description without one fingerprint by SHA-256');
	return Uint8Array.from(bytes);
}

// Both, the lower one first: so both ends say the same.
export function bindingOf(connection) {
	const both = [connection.localDescription, connection.remoteDescription]
		.map((description) => fingerprint(description.sdp));
	const binding = new Uint8Array(64);

	both.sort((a, b) => (hex(a) < hex(b) ? -1 : 1));
	binding.set(both[0], 0);
	binding.set(both[1], 32);
	return binding;
}

/* ---- the pipe ------------------------------------------------------------------------------ */

// Takes both: they end with it.
export class ChannelPipe {
	kind = 'datagram';
	binding;
	onbytes = null;
	ondrain = null;
	#connection;
	#channel;
	#chunk;
	#room = new Room(HELD);
	#queue = [];               // copies of what the browser has not been given
	#queued = 0;
	#early = [];               // came before somebody listened ...
	#earlyBytes = 0;           // ... EARLY_MAX at most
	#onclose = null;
	#over = null;              // { error } when it is
	#closing = false;
	#lost = 0;
	#linger = 0;
	#looks = 0;
	#looked = performance.now();
	#heard = performance.now();
	#asked = null;             // what the browser had asked when it last had an answer

	constructor(connection, channel) {
		const most = connection.sctp?.maxMessageSize || CHUNK;

		this.#connection = connection;
		this.#channel = channel;
		this.#chunk = Math.min(CHUNK, most);
		channel.binaryType = 'arraybuffer';
		channel.bufferedAmountLowThreshold = this.#room.low;
		channel.onmessage = ({ data }) => this.#take(data);
		channel.onbufferedamountlow = () => this.#drain();
		channel.onclose = () => this.#end();
		channel.onerror = (event) => this.#end(event.error ?? failure('CLOSED', 'the channel broke'));
		connection.onconnectionstatechange = () => this.#watch();
		this.#watch();
		this.#looks = setInterval(() => this.#look().catch(() => {}), LOOK_MS);
	}

	// Once both descriptions are set.
	bind() {
		this.binding = bindingOf(this.#connection);
	}

	get bufferedAmount() {
		return this.#channel.bufferedAmount + this.#queued;
	}

	get full() {
		return this.#room.full;
	}

	get onclose() {
		return this.#onclose;
	}

	// The node sets it last: now it hears what it has missed.
	set onclose(listener) {
		this.#onclose = listener;
		if (listener)
			queueMicrotask(() => this.#catchUp());
	}

	send(bytes) {
		if (this.#over || this.#closing)
			return;
		for (let at = 0; at < bytes.length; at += this.#chunk) {
			const chunk = bytes.subarray(at, at + this.#chunk);

			if (this.#queued === 0 && this.#channel.bufferedAmount + chunk.length <= HELD) {
				this.#give(chunk);
			} else {
				this.#queue.push(chunk.slice());
				this.#queued += chunk.length;
			}
		}
	}

	close() {
		if (this.#closing || this.#over)
			return;
		this.#closing = true;
		this.#onclose = null;
		this.#linger = setTimeout(() => this.#release(), LINGER_MS);
		if (this.#queued === 0)
			this.#channel.close();     // it gives what it has before it closes
	}

	#give(chunk) {
		try {
			this.#channel.send(chunk);
			this.#room.given(chunk.length);
		} catch (error) {
			this.#end(error);
		}
	}

	#drain() {
		this.#room.look(this.#channel.bufferedAmount);
		this.#channel.bufferedAmountLowThreshold = this.#room.low;
		while (this.#queue.length > 0 && !this.#over &&
			this.#channel.bufferedAmount + this.#queue[0].length <= HELD) {
			const chunk = this.#queue.shift();

			this.#queued -= chunk.length;
			this.#give(chunk);
		}
		if (this.#closing && this.#queued === 0)
			this.#channel.close();
		else if (!this.#closing && this.bufferedAmount <= this.#room.low)
			this.ondrain?.();
	}

	#take(data) {
		if (this.#closing || this.#over)
			return;
		this.#heard = performance.now();
		if (typeof data === 'string')
			this.#end(failure('PROTOCOL', 'text in a channel of bytes'));
		else if (this.#early && (this.#earlyBytes += data.byteLength) > EARLY_MAX)
			this.#end(failure('LIMIT', 'too much before anybody listens'));
		else if (this.#early)
			this.#early.push(new Uint8Array(data));
		else
			this.onbytes?.(new Uint8Array(data));
	}

	#catchUp() {
		const early = this.#early ?? [];

		this.#early = null;
		for (const bytes of early)
			this.onbytes?.(bytes);
		if (this.#over)
			this.#tell();
	}

	// A peer that was killed says nothing: the browser finds that out, and may be wrong for a
	// moment. A link that is made anew costs less than one that is waited for.
	#watch() {
		const state = this.#connection.connectionState;

		clearTimeout(this.#lost);
		if (state === 'failed' || state === 'closed')
			this.#end(failure('CLOSED', 'the connection ' + state));
		else if (state === 'disconnected')
			this.#lost = setTimeout(() =>
				this.#end(failure('TIMEOUT', 'nothing is heard any more')), LOST_MS);
	}

	// Browsers ask each other whether they are there (RFC 7675), and call it disconnected after five
	// seconds or more. A page that was frozen itself begins anew: what came waits to be told.
	async #look() {
		const now = performance.now();

		if (now - this.#looked > 3 * LOOK_MS)
			this.#heard = now;
		this.#looked = now;
		if (now - this.#heard < QUIET_MS) {
			this.#asked = null;
			return;
		}
		const pair = await this.#pair();

		if (!pair || pair.responsesReceived !== this.#asked?.responsesReceived)
			this.#asked = pair;
		else if (now - this.#heard >= SILENT_MS &&
			pair.requestsSent - this.#asked.requestsSent >= UNANSWERED)
			this.#end(failure('TIMEOUT', 'nothing is heard any more'));
	}

	async #pair() {
		const stats = [...(await this.#connection.getStats()).values()];
		const chosen = stats.find(({ type }) => type === 'transport')?.selectedCandidatePairId;

		return stats.find(({ id }) => id === chosen && chosen !== undefined) ?? null;
	}

	#end(error) {
		if (this.#over)
			return;
		this.#over = { error };
		this.#release();
		if (this.#onclose && !this.#early)
			this.#tell();
	}

	#tell() {
		const listener = this.#onclose;

		this.#onclose = null;
		listener?.(this.#over.error);
	}

	#release() {
		clearTimeout(this.#lost);
		clearTimeout(this.#linger);
		clearInterval(this.#looks);
		this.#queue = [];
		this.#queued = 0;
		this.#channel.onmessage = this.#channel.onbufferedamountlow = null;
		this.#channel.onclose = this.#channel.onerror = null;
		this.#connection.onconnectionstatechange = null;
		this.#connection.close();
	}
}
