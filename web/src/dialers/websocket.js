// websocket.js - pipes within the platform's WebSocket: binary messages, whose limits mean
// nothing. It tells of no room, so that is looked for while somebody waits: now and then, and
// when something arrives, since timers of a page that nobody sees come once a second.
import { LenoError } from '../errors.js';
import { Room } from '../room.js';

const DRAIN_MS = 4, MOST = 2 * 1024 * 1024;
const NORMAL = 1000;

class WebSocketPipe {
	kind = 'wrapped';
	onbytes = null;
	ondrain = null;
	onclose = null;
	#ws;
	#timer;
	#room = new Room(MOST);

	constructor(ws) {
		this.#ws = ws;
		ws.onmessage = ({ data }) => {
			if (data instanceof ArrayBuffer)
				this.#take(new Uint8Array(data));
			else
				this.#end(new LenoError('PROTOCOL', 'text on a binary pipe'));
		};
		ws.onclose = () => this.#over();
		ws.onerror = null;
	}

	#take(bytes) {
		this.onbytes?.(bytes);
		if (this.#timer !== undefined)
			this.#look();
	}

	send(bytes) {
		this.#ws.send(bytes);
		this.#room.given(bytes.length);
		if (this.#timer === undefined && this.bufferedAmount > this.#room.low)
			this.#watch();
	}

	get bufferedAmount() { return this.#ws.bufferedAmount; }
	get full() { return this.#room.full; }

	#watch() {
		this.#timer = setTimeout(() => {
			this.#timer = undefined;
			if (!this.#look())
				this.#watch();
		}, DRAIN_MS);
	}

	/** True: there is room. */
	#look() {
		const left = this.bufferedAmount;

		this.#room.look(left);
		if (left > this.#room.low)
			return false;
		clearTimeout(this.#timer);
		this.#timer = undefined;
		this.ondrain?.();
		return true;
	}

	#over(error) {
		clearTimeout(this.#timer);
		this.#ws.onmessage = this.#ws.onclose = null;
		this.onclose?.(error);
	}

	#end(error) {
		this.#ws.close(NORMAL);
		this.#over(error);
	}

	close() {
		clearTimeout(this.#timer);
		this.#ws.onmessage = this.#ws.onclose = null;
		this.#ws.close(NORMAL);
	}
}

export function dialWebSocket(uri, { signal }) {
	return new Promise((resolve, reject) => {
		let ws;
		try {
			ws = new WebSocket(uri, 'leno');
		} catch (error) {
			return reject(new LenoError('URI', error.message));
		}
		ws.binaryType = 'arraybuffer';
		const abort = () => ws.close();
		const done = () => {
			signal.removeEventListener('abort', abort);
			ws.onopen = ws.onclose = ws.onerror = null;
		};
		signal.addEventListener('abort', abort, { once: true });
		ws.onopen = () => {
			done();
			resolve(new WebSocketPipe(ws));
		};
		ws.onclose = ws.onerror = () => {
			done();
			reject(new LenoError('ADDRESS', `no WebSocket at ${uri}`));
		};
	});
}
