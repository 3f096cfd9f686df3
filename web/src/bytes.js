// bytes.js - text, bytes and ids in their several forms.
import { LenoError } from './errors.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const KNOWN_MAX = 8192;

export const encode = (text) => encoder.encode(text);
export const decode = (bytes) => decoder.decode(bytes);

/** Of a reason so much as is said to others. */
export const short = (why) => why.replaceAll('\0', '').slice(0, 255);

const NOTHING = new Uint8Array(0);

/** Data as bytes, not copied; never as Node's Buffer, whose slice() does not copy either. */
export function toBytes(data) {
	if (data === undefined || data === null)
		return NOTHING;
	if (typeof data === 'string')
		return encoder.encode(data);
	if (data.constructor === Uint8Array)
		return data;
	if (data instanceof ArrayBuffer)
		return new Uint8Array(data);
	if (ArrayBuffer.isView(data))
		return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
	throw new TypeError('data is bytes or text');
}

export const toHex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');

/** undefined: it is none. */
export function fromHex(text) {
	if (text.length % 2 || !/^[0-9a-f]*$/i.test(text))
		return undefined;
	return Uint8Array.from({ length: text.length / 2 },
		(_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

export function fromBase64url(text) {
	try {
		return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')),
			(c) => c.charCodeAt(0));
	} catch {
		throw new LenoError('ARGUMENT', 'it is damaged');
	}
}

export function idText(bytes) {
	const hex = toHex(bytes);
	return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-` +
		hex.slice(20);
}

export const isId = (text) => UUID.test(text);

/** Ids between their two forms; what was met is remembered, to a bound. */
export class Ids {
	#bytes = new Map();
	#texts = new Map();

	bytes(text) {
		let bytes = this.#bytes.get(text);
		if (!bytes) {
			bytes = fromHex(text.replaceAll('-', ''));
			if (this.#bytes.size >= KNOWN_MAX)
				this.#bytes.clear();
			this.#bytes.set(text, bytes);
		}
		return bytes;
	}

	/** Of 16 bytes at this place: their first half finds the text, their second confirms it. */
	text(view, at) {
		const key = view.getUint32(at) * 0x200000 + (view.getUint32(at + 4) & 0x1fffff);
		const found = this.#texts.get(key);
		if (found && found.c === view.getUint32(at + 8) && found.d === view.getUint32(at + 12) &&
		    found.b === view.getUint32(at + 4))
			return found.text;
		const text = idText(new Uint8Array(view.buffer, view.byteOffset + at, 16));
		if (this.#texts.size >= KNOWN_MAX)
			this.#texts.clear();
		this.#texts.set(key, { b: view.getUint32(at + 4), c: view.getUint32(at + 8),
			d: view.getUint32(at + 12), text });
		return text;
	}
}
