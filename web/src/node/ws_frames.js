// ws_frames.js - frames of WebSocket, RFC 6455: payloads of binary messages are handed out as
// they come, whatever frame they are of.

const CONTINUATION = 0, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10;
const CONTROL_MAX = 125;
export const CODE = Object.freeze({ NORMAL: 1000, PROTOCOL: 1002, NO_TEXT: 1003 });
export const KIND = Object.freeze({ BINARY, CLOSE, PING, PONG });

/** XORs with a mask of four bytes, whose first one is for the byte at this offset. */
export function mask(bytes, key, offset = 0) {
	const turned = new Uint8Array(4);
	for (let i = 0; i < 4; i++)
		turned[i] = key[(i + offset) & 3];
	let i = 0;
	for (; i < bytes.length && (bytes.byteOffset + i) & 3; i++)
		bytes[i] ^= turned[i & 3];
	if (bytes.length - i < 4) {
		for (; i < bytes.length; i++)
			bytes[i] ^= turned[i & 3];
		return;
	}
	const words = new Uint32Array(bytes.buffer, bytes.byteOffset + i, (bytes.length - i) >> 2);
	const aligned = new Uint8Array(4);
	for (let k = 0; k < 4; k++)
		aligned[k] = turned[(k + i) & 3];
	const [word] = new Uint32Array(aligned.buffer);
	for (let w = 0; w < words.length; w++)
		words[w] ^= word;
	for (i += words.length << 2; i < bytes.length; i++)
		bytes[i] ^= turned[i & 3];
}

/** One whole message as a frame; key: four bytes, of who dials. */
export function frame(kind, payload, key) {
	const { length } = payload;
	const size = length < 126 ? 0 : length < 65536 ? 2 : 8, head = 2 + size + (key ? 4 : 0);
	const out = new Uint8Array(head + length), view = new DataView(out.buffer);
	out[0] = 0x80 | kind;
	out[1] = (key ? 0x80 : 0) | (size === 0 ? length : size === 2 ? 126 : 127);
	if (size === 2)
		view.setUint16(2, length);
	else if (size === 8)
		view.setBigUint64(2, BigInt(length));
	out.set(payload, head);
	if (key) {
		out.set(key, head - 4);
		mask(out.subarray(head), key);
	}
	return out;
}

/** Takes bytes; tells onbytes, oncontrol(kind, payload), and once onbad(code). */
export class FrameReader {
	#masked;
	#head = new Uint8Array(14);
	#got = 0;
	#left = 0;                    // of the payload that is under way
	#at = 0;                      // in it
	#key = null;
	#control = null;
	#kind = 0;
	#fragmented = false;
	#bad = false;

	constructor(masked, { onbytes, oncontrol, onbad }) {
		this.#masked = masked;
		Object.assign(this, { onbytes, oncontrol, onbad });
	}

	#fail(code) {
		this.#bad = true;
		this.onbad(code);
	}

	#headSize() {
		if (this.#got < 2)
			return 2;
		const length = this.#head[1] & 0x7f;
		return 2 + (length === 126 ? 2 : length === 127 ? 8 : 0) + (this.#masked ? 4 : 0);
	}

	/** The first two bytes say all that can be wrong, but for a length beyond 2^53. */
	#check() {
		const kind = this.#head[0] & 15, last = this.#head[0] & 0x80;
		if (this.#head[0] & 0x70 || ((this.#head[1] & 0x80) !== 0) !== this.#masked)
			return CODE.PROTOCOL;
		if (kind === TEXT)
			return CODE.NO_TEXT;
		if (kind >= CLOSE)
			return kind > PONG || !last || (this.#head[1] & 0x7f) > CONTROL_MAX ? CODE.PROTOCOL : 0;
		return kind > BINARY || (kind === CONTINUATION) !== this.#fragmented ? CODE.PROTOCOL : 0;
	}

	#begin() {
		const view = new DataView(this.#head.buffer), short = this.#head[1] & 0x7f;
		this.#kind = this.#head[0] & 15;
		if (this.#kind < CLOSE)
			this.#fragmented = (this.#head[0] & 0x80) === 0;
		this.#left = short === 126 ? view.getUint16(2)
			: short === 127 ? Number(view.getBigUint64(2)) : short;
		// The shortest form is the only one.
		if (this.#left > Number.MAX_SAFE_INTEGER || (short === 126 && this.#left < 126) ||
		    (short === 127 && this.#left <= 0xffff))
			return this.#fail(CODE.PROTOCOL);
		this.#key = this.#masked ? this.#head.slice(this.#got - 4, this.#got) : null;
		this.#at = 0;
		this.#got = 0;
		this.#control = this.#kind >= CLOSE ? [] : null;
		if (this.#left === 0)
			this.#end();
	}

	#end() {
		if (this.#control)
			this.oncontrol(this.#kind, Uint8Array.from(this.#control));
		this.#control = null;
	}

	take(bytes) {
		for (let at = 0; at < bytes.length && !this.#bad;) {
			if (this.#left > 0) {
				const piece = bytes.subarray(at, at + this.#left);
				if (this.#key)
					mask(piece, this.#key, this.#at);
				at += piece.length;
				this.#at += piece.length;
				this.#left -= piece.length;
				if (this.#control)
					this.#control.push(...piece);
				else
					this.onbytes(piece);
				if (this.#left === 0)
					this.#end();
				continue;
			}
			this.#head[this.#got++] = bytes[at++];
			if (this.#got === 2) {
				const code = this.#check();
				if (code)
					return this.#fail(code);
			}
			if (this.#got >= 2 && this.#got === this.#headSize())
				this.#begin();
		}
	}
}
