// The codecs of the package: MessagePack, and frames of WebSocket.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { part, pattern } from './support.mjs';

const { decode, encode } = await part('msgpack.js');
const { FrameReader, KIND, frame, mask } = await part('node/ws_frames.js');

const hex = (bytes) => Buffer.from(bytes).toString('hex');

test('MessagePack is in its shortest form, and comes back', () => {
	for (const [value, bytes] of [
		[null, 'c0'], [false, 'c2'], [true, 'c3'], [0, '00'], [127, '7f'], [128, 'cc80'],
		[256, 'cd0100'], [65536, 'ce00010000'], [2 ** 32, 'cf0000000100000000'],
		[2n ** 64n - 1n, 'cfffffffffffffffff'], [-1, 'ff'], [-32, 'e0'], [-33, 'd0df'],
		[-129, 'd1ff7f'], [-32769, 'd2ffff7fff'], [-(2n ** 63n), 'd38000000000000000'],
		[1.5, 'cb3ff8000000000000'], ['', 'a0'], ['ü', 'a2c3bc'], ['x'.repeat(32), `d920${'78'.repeat(32)}`],
		[Uint8Array.of(1), 'c40101'], [[], '90'], [[1, [2]], '92019102'], [{ a: 1 }, '81a16101'],
		[new Map([[1, 2]]), '810102'],
	]) {
		assert.equal(hex(encode(value)), bytes);
		assert.deepEqual(decode(Buffer.from(bytes, 'hex')), value);
	}
	for (const size of [255, 256, 65535, 65536]) {
		assert.deepEqual(decode(encode(pattern(size))), pattern(size));
		assert.deepEqual(decode(encode('x'.repeat(size))), 'x'.repeat(size));
		assert.deepEqual(decode(encode(new Array(size).fill(1))), new Array(size).fill(1));
	}
});

test('a key like any other: __proto__', () => {
	const value = decode(Buffer.from('81a95f5f70726f746f5f5f81a16101', 'hex'));
	assert.ok(Object.hasOwn(value, '__proto__'));
	assert.equal({}.a, undefined);
});

test('what is cut, too deep, too long or no MessagePack is refused', () => {
	for (const bytes of ['', 'c1', 'cc', 'a2c3', '91', 'dd7fffffff', 'df7fffffff', 'c67fffffff', '0000',
		'91'.repeat(40) + '00'])
		assert.throws(() => decode(Buffer.from(bytes, 'hex')), { code: 'PROTOCOL' });
	for (const value of [() => {}, Symbol('x'), 2n ** 64n])
		assert.throws(() => encode(value), TypeError);
	const ring = [];
	ring.push(ring);
	assert.throws(() => encode(ring), TypeError);
});

test('a mask is its own opposite, at every offset and length', () => {
	const key = Uint8Array.of(1, 2, 3, 4);
	for (let offset = 0; offset < 8; offset++)
		for (let length = 0; length < 20; length++) {
			const bytes = pattern(64).subarray(offset, offset + length);
			const plain = bytes.slice();
			mask(bytes, key, offset);
			assert.deepEqual(bytes, plain.map((b, i) => b ^ key[(i + offset) & 3]));
		}
});

function read(bytes, { masked = true, step = bytes.length } = {}) {
	const got = [], controls = [];
	let bad;
	const reader = new FrameReader(masked, { onbytes: (b) => got.push(...b),
		oncontrol: (kind, b) => controls.push([kind, [...b]]), onbad: (code) => { bad = code; } });
	for (let at = 0; at < bytes.length; at += step)
		reader.take(Uint8Array.from(bytes.subarray(at, at + step)));
	return { got, controls, bad };
}

test('frames are read however they are cut', () => {
	const key = Uint8Array.of(9, 8, 7, 6);
	for (const size of [0, 1, 125, 126, 300, 65536]) {
		const bytes = Buffer.concat([frame(KIND.BINARY, pattern(size), key),
			frame(KIND.PING, Uint8Array.of(1), key), frame(KIND.BINARY, pattern(3), key)]);
		for (const step of [1, 7, bytes.length]) {
			const { got, controls, bad } = read(bytes, { step });
			assert.deepEqual(got, [...pattern(size), ...pattern(3)]);
			assert.deepEqual([controls, bad], [[[KIND.PING, [1]]], undefined]);
		}
	}
});

test('what breaks RFC 6455 ends the pipe', () => {
	for (const [bytes, masked, code] of [
		['8200', true, 1002],            // not masked, to a server
		['828000000000', false, 1002],   // masked, to a client
		['c200', false, 1002],           // a bit that is reserved
		['8100', false, 1003],           // text
		['8000', false, 1002],           // goes on with nothing
		['02008200', false, 1002],       // a message within a message
		['8300', false, 1002], ['8b00', false, 1002], // kinds that there are not
		['0900', false, 1002],           // a ping in parts
		['897e0080', false, 1002],       // a long ping
		['827e0001', false, 1002],       // a length that is longer than it need be
		['827f000000000000ffff', false, 1002],
		['827fffffffffffffffff', false, 1002],
	])
		assert.equal(read(Buffer.from(bytes, 'hex'), { masked }).bad, code, bytes);
});
