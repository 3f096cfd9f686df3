// What others send that is not what it should be.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inner, part } from './support.mjs';

const { Calls } = await part('calls.js');
const { Pump } = await part('pump.js');
const text = (t) => new TextEncoder().encode(t);
const NONE = Uint8Array.of(0xc1);      // begins no value of MessagePack

test('events and progress that are no MessagePack come as bytes', async () => {
	const parts = inner({ wasm_subscribe: () => 0, wasm_call: () => 1 });
	const calls = new Calls(parts), heard = [];
	calls.subscribe('*', (value, { event }) => heard.push([event, value]));
	calls.onEvent({ number: 1, id: 'x', text: text('a.b'), data: NONE });
	const call = calls.call('s', 'm', [], { onprogress: (value) => heard.push(['progress', value]) });
	calls.onProgress({ handle: 2, data: NONE });
	calls.onEvent({ number: 1, id: 'x', text: text('a.c'), data: new Uint8Array(0) });
	assert.deepEqual(heard, [['a.b', NONE], ['progress', NONE], ['a.c', undefined]]);
	parts.asking.close();
	await assert.rejects(call, { code: 'CLOSED' });
});

test('an event that cannot be told is reported, and those behind it are told', (t) => {
	const reported = [], told = [];
	globalThis.reportError = (error) => reported.push(error.message);
	t.after(() => { delete globalThis.reportError; });
	let events = ['bad', 'good'];
	const core = { closed: false, events: () => events.splice(0), x: { wasm_time() {},
		wasm_next: () => 0, wasm_deadline: () => Infinity } };
	const pump = new Pump(core, new Map(), (event) => {
		if (event === 'bad')
			throw new Error('of a callback');
		told.push(event);
	}, undefined, () => {});
	pump.settle();
	assert.deepEqual([reported, told], [['of a callback'], ['good']]);
});
