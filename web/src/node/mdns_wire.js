/* mdns_wire.js - messages of multicast DNS as bytes, of the few record types that mdns.js needs,
 * and the tag of a network. */
import { toHex } from '../bytes.js';

export const A = 1;
export const PTR = 12;
export const TXT = 16;
export const SRV = 33;
export const ANY = 255;

const IN = 1;
const CLASS = 0x7fff;     /* without "flush what you had", or "answer to me alone" */
const RESPONSE = 0x8400;
const JUMPS_MAX = 16;
const RECORDS_MAX = 256;

/* ---- reading --------------------------------------------------------------------------- */

class Reader {
	#bytes;
	at = 0;

	constructor(bytes) {
		this.#bytes = bytes;
	}

	u8() {
		if (this.at >= this.#bytes.length)
			throw new RangeError('the message ends early');
		return this.#bytes[this.at++];
	}

	u16() {
		return this.u8() << 8 | this.u8();
	}

	u32() {
		return this.u16() * 65536 + this.u16();
	}

	text(size) {
		if (size > this.#bytes.length - this.at)
			throw new RangeError('the message ends early');
		this.at += size;
		return new TextDecoder().decode(this.#bytes.subarray(this.at - size, this.at));
	}

	/** Labels joined by dots; those of ours hold none. */
	name() {
		const labels = [];
		let end = 0;

		for (let jumps = 0; ;) {
			const size = this.u8();

			if (size === 0)
				break;
			if (size < 64) {
				labels.push(this.text(size));
				continue;
			}
			const to = (size & 63) << 8 | this.u8();

			if (size < 192 || ++jumps > JUMPS_MAX)
				throw new RangeError('a name without an end');
			end ||= this.at;
			this.at = to;
		}
		this.at = end || this.at;
		return labels.join('.');
	}

	record() {
		const record = { name: this.name(), type: this.u16(), class: this.u16() & CLASS,
			ttl: this.u32() };
		const end = this.u16() + this.at;

		if (record.type === PTR) {
			record.target = this.name();
		} else if (record.type === SRV) {
			this.at += 4;
			Object.assign(record, { port: this.u16(), target: this.name() });
		} else if (record.type === TXT) {
			for (record.texts = []; this.at < end;)
				record.texts.push(this.text(this.u8()));
		} else if (record.type === A) {
			record.address = [this.u8(), this.u8(), this.u8(), this.u8()].join('.');
		}
		this.at = end;
		return record;
	}
}

/** { questions, answers } with all its records; undefined: it is none. */
export function readMessage(bytes) {
	const r = new Reader(bytes);
	const questions = [];
	const answers = [];

	try {
		r.at = 4;
		const asked = r.u16();
		const told = r.u16() + r.u16() + r.u16();

		if (asked + told > RECORDS_MAX)
			return undefined;
		for (let i = 0; i < asked; i++) {
			questions.push({ name: r.name(), type: r.u16() });
			r.u16();
		}
		for (let i = 0; i < told; i++)
			answers.push(r.record());
	} catch {
		return undefined;
	}
	return { questions, answers: answers.filter((record) => record.class === IN) };
}

/* ---- writing --------------------------------------------------------------------------- */

const u16 = (n) => [n >> 8 & 255, n & 255];
const text = (s) => {
	const bytes = [...new TextEncoder().encode(s)];

	return [bytes.length, ...bytes];
};
const name = (dotted) => [...dotted.split('.').flatMap(text), 0];

function body({ type, target, port, texts, address }) {
	if (type === PTR)
		return name(target);
	if (type === SRV)
		return [0, 0, 0, 0, ...u16(port), ...name(target)];
	if (type === TXT)
		return texts.flatMap(text);
	return address.split('.').map(Number);
}

/** The inverse of readMessage(); answers make it a response. */
export function writeMessage({ questions, answers }) {
	const out = [0, 0, ...u16(answers.length ? RESPONSE : 0), ...u16(questions.length),
		...u16(answers.length), 0, 0, 0, 0];

	for (const q of questions)
		out.push(...name(q.name), ...u16(q.type), ...u16(IN));
	for (const r of answers) {
		const data = body(r);
		const shared = r.type === PTR ? IN : IN | 0x8000;

		out.push(...name(r.name), ...u16(r.type), ...u16(shared), ...u16(r.ttl >> 16),
			...u16(r.ttl), ...u16(data.length), ...data);
	}
	return Uint8Array.from(out);
}

/* ---- the tag of a network -------------------------------------------------------------- */

const MASK = (1n << 64n) - 1n;
const IV = [
	0x6a09e667f3bcc908n, 0xbb67ae8584caa73bn, 0x3c6ef372fe94f82bn, 0xa54ff53a5f1d36f1n,
	0x510e527fade682d1n, 0x9b05688c2b3e6c1fn, 0x1f83d9abfb41bd6bn, 0x5be0cd19137e2179n
];
const SIGMA = ['0123456789abcdef', 'ea489fd61c02b753', 'b8c052fdae367194', '7931dcbe265a40f8',
	'905724afe1bc683d', '2c6a0b834d75fe19', 'c51fed4a0763928b', 'db7ec13950f4862a',
	'6fe9b308c2d714a5', 'a2847615fb9e3cd0'];
const turn = (x, n) => (x >> n | x << 64n - n) & MASK;

function mix(v, [a, b, c, d], x, y) {
	v[a] = v[a] + v[b] + x & MASK;
	v[d] = turn(v[d] ^ v[a], 32n);
	v[c] = v[c] + v[d] & MASK;
	v[b] = turn(v[b] ^ v[c], 24n);
	v[a] = v[a] + v[b] + y & MASK;
	v[d] = turn(v[d] ^ v[a], 16n);
	v[c] = v[c] + v[d] & MASK;
	v[b] = turn(v[b] ^ v[c], 63n);
}

const LANES = [[0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15],
	[0, 5, 10, 15], [1, 6, 11, 12], [2, 7, 8, 13], [3, 4, 9, 14]];

/** The first 8 bytes of BLAKE2b-16 of the name (to 64 bytes: one block), in hexadecimal. Node's
 * own BLAKE2b has no such length. */
export function networkTag(network) {
	const block = new Uint8Array(128);
	const { written } = new TextEncoder().encodeInto(network, block);
	const m = Array.from({ length: 16 }, (_, i) =>
		new DataView(block.buffer).getBigUint64(8 * i, true));
	const h0 = IV[0] ^ 0x01010010n;
	const v = [h0, ...IV.slice(1), ...IV];

	v[12] ^= BigInt(written);
	v[14] ^= MASK;
	for (let round = 0; round < 12; round++) {
		const s = Array.from(SIGMA[round % 10], (digit) => m[parseInt(digit, 16)]);

		LANES.forEach((lane, i) => mix(v, lane, s[2 * i], s[2 * i + 1]));
	}
	const word = new DataView(new ArrayBuffer(8));

	word.setBigUint64(0, (h0 ^ v[0] ^ v[8]) & MASK, true);
	return toHex(new Uint8Array(word.buffer));
}
