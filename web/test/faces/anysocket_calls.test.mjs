// What a peer of AnySocket may call of a program, and what not.
import assert from 'node:assert/strict';
import test from 'node:test';
import { part } from '../support.mjs';

const { answerCall } = await part('../faces/anysocket-peer.js');
const { decode, encode } = await part('msgpack.js');

class Program {
	text = 'x';
	inside = { add: (a, b) => a + b };
	async later() { return 'done'; }
}

const call = async (names, args = []) =>
	decode(await answerCall(new Program(), null, encode([names, args])));

for (const [why, names, args] of [
	['what is not there', ['nothing']],
	['what objects inherit', ['toString']],
	['what functions inherit', ['later', 'call']],
	['a constructor', ['constructor']],
	['a constructor by a list that reads as its name', [['constructor']]],
	['the constructor of asynchronous functions so', ['later', ['constructor']], ['a', 'b']],
	['what is no name', ['inside', 1]],
	['what texts can do', ['text', 'repeat'], [1e6]],
	['nothing at all', []]])
	test(`${why} is not called`, async () => {
		assert.equal((await call(names, args)).error?.code, 404);
	});

test('functions of objects are', async () => {
	assert.deepEqual(await call(['inside', 'add'], [2, 40]), { value: 42 });
	assert.deepEqual(await call(['later']), { value: 'done' });
});
