// msgpack.js - MessagePack: https://github.com/msgpack/msgpack, spec.md. Shortest forms, as C's
// writer makes them. Maps with keys of text become objects, all others Maps; integers beyond
// 2^53 bigint; what is extended is { type, data }.
import { LenoError } from './errors.js';

const DEPTH_MAX = 32;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: false });

class Writer {
	data = new Uint8Array(256);
	view = new DataView(this.data.buffer);
	size = 0;

	room(n) {
		if (this.size + n > this.data.length) {
			const grown = new Uint8Array(Math.max(2 * this.data.length, this.size + n));
			grown.set(this.data.subarray(0, this.size));
			this.data = grown;
			this.view = new DataView(grown.buffer);
		}
		const at = this.size;
		this.size += n;
		return at;
	}
	byte(b) {
		const at = this.room(1);
		this.data[at] = b;
	}
	u16(first, n) {
		const at = this.room(3);
		this.data[at] = first;
		this.view.setUint16(at + 1, n);
	}
	u32(first, n) {
		const at = this.room(5);
		this.data[at] = first;
		this.view.setUint32(at + 1, n);
	}
	u64(first, n) {
		const at = this.room(9);
		this.data[at] = first;
		this.view.setBigUint64(at + 1, BigInt.asUintN(64, n));
	}
	bytes(bytes) {
		const at = this.room(bytes.length);
		this.data.set(bytes, at);
	}

	head(n, small, smallMax, first8, first16) {
		if (n <= smallMax)
			this.byte(small | n);
		else if (first8 && n <= 0xff)
			this.byte(first8), this.byte(n);
		else if (n <= 0xffff)
			this.u16(first16, n);
		else
			this.u32(first16 + 1, n);
	}

	integer(n) {
		if (n >= 0) {
			if (n < 0x80)
				this.byte(n);
			else if (n <= 0xff)
				this.byte(0xcc), this.byte(n);
			else if (n <= 0xffff)
				this.u16(0xcd, n);
			else if (n <= 0xffffffff)
				this.u32(0xce, n);
			else
				this.u64(0xcf, BigInt(n));
		} else if (n >= -32)
			this.byte(n & 0xff);
		else if (n >= -0x80)
			this.byte(0xd0), this.byte(n & 0xff);
		else if (n >= -0x8000)
			this.u16(0xd1, n & 0xffff);
		else if (n >= -0x80000000)
			this.u32(0xd2, n >>> 0);
		else
			this.u64(0xd3, BigInt(n));
	}

	number(n) {
		if (Number.isSafeInteger(n) && !Object.is(n, -0))
			return this.integer(n);
		const at = this.room(9);
		this.data[at] = 0xcb;
		this.view.setFloat64(at + 1, n);
	}

	bigint(n) {
		if (n >= Number.MIN_SAFE_INTEGER && n <= Number.MAX_SAFE_INTEGER)
			return this.integer(Number(n));
		if (n >= 2n ** 64n || n < -(2n ** 63n))
			throw new TypeError('MessagePack has no integers beyond 64 bits');
		this.u64(n < 0n ? 0xd3 : 0xcf, n);
	}

	value(v, depth) {
		if (depth > DEPTH_MAX)
			throw new TypeError(`more than ${DEPTH_MAX} arrays and maps within each other`);
		switch (typeof v) {
		case 'undefined': return this.byte(0xc0);
		case 'boolean': return this.byte(v ? 0xc3 : 0xc2);
		case 'number': return this.number(v);
		case 'bigint': return this.bigint(v);
		case 'string': {
			const bytes = encoder.encode(v);
			this.head(bytes.length, 0xa0, 31, 0xd9, 0xda);
			return this.bytes(bytes);
		}
		case 'object': return v === null ? this.byte(0xc0) : this.object(v, depth);
		default: throw new TypeError(`a ${typeof v} is no value of MessagePack`);
		}
	}

	object(v, depth) {
		if (Array.isArray(v)) {
			this.head(v.length, 0x90, 15, 0, 0xdc);
			for (const member of v)
				this.value(member, depth + 1);
		} else if (v instanceof ArrayBuffer || ArrayBuffer.isView(v)) {
			const bytes = v instanceof ArrayBuffer ? new Uint8Array(v)
				: new Uint8Array(v.buffer, v.byteOffset, v.byteLength);
			this.head(bytes.length, 0, -1, 0xc4, 0xc5);
			this.bytes(bytes);
		} else {
			const pairs = v instanceof Map ? [...v]
				: Object.entries(typeof v.toJSON === 'function' ? Object(v.toJSON()) : v)
					.filter(([, member]) => member !== undefined);
			this.head(pairs.length, 0x80, 15, 0, 0xde);
			for (const [key, member] of pairs) {
				this.value(key, depth + 1);
				this.value(member, depth + 1);
			}
		}
	}
}

class Reader {
	constructor(bytes) {
		// Of Node's Buffer, slice() would not copy.
		this.data = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
		this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
		this.at = 0;
	}
	bad() { return new LenoError('PROTOCOL', 'not MessagePack'); }
	take(n) {
		if (n > this.data.length - this.at)
			throw this.bad();
		this.at += n;
		return this.at - n;
	}
	uint(width) {
		const at = this.take(width);
		return width === 1 ? this.data[at] : width === 2 ? this.view.getUint16(at)
			: this.view.getUint32(at);
	}
	wide(signed) {
		const at = this.take(8);
		const n = signed ? this.view.getBigInt64(at) : this.view.getBigUint64(at);
		return n >= Number.MIN_SAFE_INTEGER && n <= Number.MAX_SAFE_INTEGER ? Number(n) : n;
	}
	text(n) {
		const at = this.take(n);
		return decoder.decode(this.data.subarray(at, at + n));
	}
	bin(n) {
		const at = this.take(n);
		return this.data.slice(at, at + n);
	}
	extended(n) {
		const type = this.view.getInt8(this.take(1));
		return { type, data: this.bin(n) };
	}
	array(n, depth) {
		if (n > this.data.length - this.at)
			throw this.bad();
		const members = [];
		for (let i = 0; i < n; i++)
			members.push(this.value(depth + 1));
		return members;
	}
	map(n, depth) {
		if (2 * n > this.data.length - this.at)
			throw this.bad();
		const pairs = [];
		let texts = true;
		for (let i = 0; i < n; i++) {
			const key = this.value(depth + 1);
			texts &&= typeof key === 'string';
			pairs.push([key, this.value(depth + 1)]);
		}
		// fromEntries defines, and does not assign: a key "__proto__" is a key like others.
		return texts ? Object.fromEntries(pairs) : new Map(pairs);
	}

	value(depth) {
		if (depth > DEPTH_MAX)
			throw this.bad();
		const b = this.uint(1);
		if (b < 0x80)
			return b;
		if (b < 0x90)
			return this.map(b & 15, depth);
		if (b < 0xa0)
			return this.array(b & 15, depth);
		if (b < 0xc0)
			return this.text(b & 31);
		if (b >= 0xe0)
			return b - 256;
		return this.wider(b, depth);
	}

	wider(b, depth) {
		switch (b) {
		case 0xc0: return null;
		case 0xc2: return false;
		case 0xc3: return true;
		case 0xc4: case 0xc5: case 0xc6: return this.bin(this.uint(1 << (b - 0xc4)));
		case 0xc7: case 0xc8: case 0xc9: return this.extended(this.uint(1 << (b - 0xc7)));
		case 0xca: return this.view.getFloat32(this.take(4));
		case 0xcb: return this.view.getFloat64(this.take(8));
		case 0xcc: case 0xcd: case 0xce: return this.uint(1 << (b - 0xcc));
		case 0xcf: return this.wide(false);
		case 0xd0: return this.view.getInt8(this.take(1));
		case 0xd1: return this.view.getInt16(this.take(2));
		case 0xd2: return this.view.getInt32(this.take(4));
		case 0xd3: return this.wide(true);
		case 0xd4: case 0xd5: case 0xd6: case 0xd7: case 0xd8:
			return this.extended(1 << (b - 0xd4));
		case 0xd9: case 0xda: case 0xdb: return this.text(this.uint(1 << (b - 0xd9)));
		case 0xdc: case 0xdd: return this.array(this.uint(2 << (b - 0xdc)), depth);
		case 0xde: case 0xdf: return this.map(this.uint(2 << (b - 0xde)), depth);
		default: throw this.bad();
		}
	}
}

export function encode(value) {
	const w = new Writer();
	w.value(value, 0);
	return w.data.slice(0, w.size);
}

export function decode(bytes) {
	const r = new Reader(bytes);
	const value = r.value(0);
	if (r.at !== bytes.length)
		throw r.bad();
	return value;
}

/** The same, of what somebody else has said, who need not have said MessagePack: then its bytes. */
export function decodeOrBytes(bytes) {
	try {
		return decode(bytes);
	} catch {
		return bytes;
	}
}

/** One value after the other, to the end. */
export function decodeAll(bytes) {
	const r = new Reader(bytes), values = [];
	while (r.at < bytes.length)
		values.push(r.value(0));
	return values;
}
