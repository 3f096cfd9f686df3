// What people read, and what they write: numbers, values, forms, lines of figures, names on the map.
import assert from 'node:assert/strict';
import test from 'node:test';
import * as f from '../dashboard/format.js';
import { contract, readArguments } from '../dashboard/describe.js';
import { adjacency, route, shape } from '../dashboard/graph.js';
import { placeLabels } from '../dashboard/labels.js';
import { Rate, ceiling, line, summary, Series, TICKS } from '../dashboard/series.js';
import { explain, whyNotIn } from '../dashboard/errors.js';

const table = (fn, rows) => rows.forEach(([input, expected]) =>
	assert.deepEqual(fn(input), expected, `${fn.name}(${input})`));

test('times, sizes and counts', () => {
	table(f.milliseconds, [[0, '–'], [undefined, '–'], [0.04, '<0.1 ms'], [0.42, '0.4 ms'],
		[1, '1 ms'], [12.4, '12 ms'], [999, '999 ms'], [1300, '1.3 s'], [2000, '2 s']]);
	table(f.duration, [[0, '0 s'], [59999, '59 s'], [60000, '1 min'], [3600000, '1 h'],
		[7500000, '2 h 5 min'], [86400000, '1 d'], [93784000, '1 d 2 h']]);
	table(f.bytes, [[0, '0 B'], [1023, '1023 B'], [1024, '1 KiB'], [1536, '1.5 KiB'],
		[67108864, '64 MiB'], [2 ** 50, '1024 TiB']]);
	table(f.count, [[0, '0'], [950, '950'], [1200, '1.2 k'], [3400000, '3.4 M'], [0.3, '0.3']]);
	table(f.load, [[0, '0 %'], [128, '100 %'], [255, '199 %']]);
	table(f.cost, [[1, 'under 1 ms'], [4096, 'over 4 s']]);
});

test('values survive being written and read', () => {
	for (const value of [null, true, 1.5, 'text', [1, [2]], { a: { b: null } },
		Uint8Array.of(0, 255), 2n ** 60n, new Map([[1, 'one'], ['two', 2]]), { a: Uint8Array.of(7) }])
		assert.deepEqual(f.fromJSON(f.toJSON(value)), value);
	assert.equal(f.toJSON(new Map([['a', 1]])), '{"a":1}');
	assert.equal(f.toJSON(undefined), 'nil');
	assert.throws(() => f.fromJSON('on'), SyntaxError);
	assert.equal(f.fromInput('on'), 'on');
	assert.deepEqual(f.fromInput('{"on": true}'), { on: true });
});

test('bytes in a line are text where they are text', () => {
	const text = (t) => new TextEncoder().encode(t);
	assert.equal(f.preview(text('grüß\n\n dich')), 'grüß dich');
	assert.equal(f.preview(Uint8Array.of(0, 1, 255)), '0001ff');
	assert.equal(f.preview(text('a\u0001b')), '610162');
	assert.equal(f.preview(text('x'.repeat(500)), 10), 'xxxxxxxxx…');
	assert.equal(f.preview(text('')), '');
});

test('lines of a contract become forms', () => {
	const { methods, events } = contract('idempotent add(first: int, more: int...) -> int\n' +
		'stream tail(path: str, lines?: int) -> nil\nget() -> map|nil\nnot a line\n' +
		'event added(sum: int)\nevent gone');
	assert.deepEqual(methods.map((m) => [m.name, m.idempotent, m.stream, m.result]),
		[['add', true, false, 'int'], ['tail', false, true, 'nil'], ['get', false, false, 'map|nil']]);
	assert.deepEqual(methods[0].parameters, [
		{ name: 'first', types: ['int'], optional: false, variadic: false },
		{ name: 'more', types: ['int'], optional: false, variadic: true }]);
	assert.equal(methods[1].parameters[1].optional, true);
	assert.deepEqual(events.map((e) => [e.name, e.value]), [['added', 'sum: int'], ['gone', '']]);
});

test('what is filled in becomes arguments', () => {
	const read = (text, inputs) =>
		readArguments(contract(`m(${text}) -> any`).methods[0].parameters, inputs);
	assert.deepEqual(read('a: int, b: int...', ['1', '2\n3']), [1, 2, 3]);
	assert.deepEqual(read('a: str, b?: int', ['x', '']), ['x']);
	assert.deepEqual(read('a?: int, b?: int', ['', '2']), [null, 2]);
	assert.deepEqual(read('a: int|nil', ['']), [null]);
	assert.deepEqual(read('a: bin', ['00ff']), [Uint8Array.of(0, 255)]);
	assert.deepEqual(read('a: list, b: map', ['[1]', '{"a":1}']), [[1], { a: 1 }]);
	assert.deepEqual(read('a: str', [' spaced ']), [' spaced ']);
	assert.deepEqual(read('a: any', ['12']), [12]);
	assert.deepEqual(read('a: any', ['twelve']), ['twelve']);
	assert.deepEqual(read('a: int', ['9007199254740993']), [9007199254740993n]);
	assert.deepEqual(read('a: bool, b: number', ['false', '-1e3']), [false, -1000]);
	assert.throws(() => read('speed: int', ['fast']), /^Error: speed: a whole number/);
	assert.throws(() => read('a: list', ['{}']), /a list/);
});

test('a way is the shortest by costs and relays, through the neighbour that is taken', () => {
	const edges = [['a', 'b', 1], ['b', 'd', 1], ['a', 'c', 1], ['c', 'd', 1], ['a', 'e', 90]]
		.map(([a, b, cost]) => ({ a, b, cost }));
	const next = adjacency(['a', 'b', 'c', 'd', 'e', 'f'], edges);
	assert.deepEqual(route(next, 'a', 'd', 'c'), ['a', 'c', 'd']);
	assert.deepEqual(route(next, 'a', 'd', 'b'), ['a', 'b', 'd']);
	assert.deepEqual(route(next, 'a', 'e', 'e'), ['a', 'e']);
	assert.deepEqual(route(next, 'a', 'f'), []);
	assert.deepEqual(route(next, 'a', 'a'), []);
});

test('the shape of a mesh knows neither order nor costs', () => {
	assert.equal(shape(['a', 'b'], [{ a: 'a', b: 'b', cost: 1 }]),
		shape(['b', 'a'], [{ a: 'b', b: 'a', cost: 9 }]));
	assert.notEqual(shape(['a', 'b'], []), shape(['a', 'b'], [{ a: 'a', b: 'b', cost: 1 }]));
});

test('names cover neither each other nor nodes, and stay where they were', () => {
	const row = [0, 1, 2, 3].map((i) => ({ id: `n${i}`, x: 60 + 30 * i, y: 60, r: 5, w: 50 }));
	const sides = placeLabels(row, new Map(), 300, 120);
	assert.ok(sides.size >= 3 && sides.size < 4 + 1);
	assert.deepEqual(placeLabels(row, sides, 300, 120), sides);
	assert.equal(placeLabels([{ ...row[0], x: 2 }], new Map([['n0', 'left']]), 300, 120).get('n0'),
		'right');
	const crowd = Array.from({ length: 30 }, (_, i) => ({ id: `c${i}`, x: 50 + i, y: 50 + i % 3, r: 5,
		w: 60, must: i === 29 }));
	const shown = placeLabels(crowd, new Map(), 300, 120);
	assert.ok(shown.size < 10);
	assert.ok(shown.has('c29'), 'who must be named is');
});

test('counters become rates, rates become lines', () => {
	const rate = new Rate();
	rate.read(100, 1000);
	rate.read(150, 1500);
	rate.read(150, 2500);
	rate.read(20, 3500);
	assert.deepEqual(rate.series.values, [100, 0, 0]);
	const series = new Series();
	for (let i = 0; i < TICKS + 5; i++)
		series.push(i);
	assert.equal(series.values.length, TICKS);
	assert.equal(series.last, TICKS + 4);
	assert.deepEqual(summary([3, undefined, 1, 2]), { median: 2, worst: 3 });
	assert.deepEqual(summary([]), { median: undefined, worst: undefined });
	assert.deepEqual([[], [0.3], [1], [3], [70], [1001]].map((v) => ceiling(v)),
		[1, 0.5, 1, 5, 100, 2000]);
	assert.deepEqual([[900], [1500], [600 * 1024]].map((v) => ceiling(v, 1024)),
		[1000, 2048, 1000 * 1024]);
	assert.equal(line([1, undefined, 2, 4], 4, TICKS - 1, 100), 'M176.0 75.0M178.0 50.0L179.0 0.0');
});

test('errors say what to do', () => {
	assert.match(explain({ code: 'BUSY', message: 'busy' }), /Try again/);
	assert.match(explain({ code: 'REFUSED', message: 'division by zero' }), /division by zero/);
	assert.equal(explain(new Error('plain')), 'plain');
	assert.match(whyNotIn({ refusedSecret: 1 }, '', 'ws://h', true), /not that of this network/);
	assert.match(whyNotIn({ refusedSecret: 1 }, '', 'ws://h', false), /has a secret/);
	assert.match(whyNotIn({ refusedNetwork: 1 }, '', 'ws://h'), /network's name/);
	assert.match(whyNotIn({}, 'refused', 'ws://h:1'), /ws:\/\/h:1.*leno up.*\(refused\)/);
});
