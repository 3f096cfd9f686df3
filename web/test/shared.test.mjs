// Groups, services, events and shared maps between nodes of the package.
// covers: src/driver/wasm/groups.c src/driver/wasm/services.c src/driver/wasm/states.c
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { World, later, until } from './support.mjs';

const calls = { timeout: 5000 };

/* ---- groups ------------------------------------------------------------------------- */

test('members of a group find each other, and talk to all or to one', async (t) => {
	const world = new World(t);
	const [a, b] = await world.pair();
	const c = await world.node('cy');
	await c.connect(await b.listen('ws://127.0.0.1:0'));
	const groups = [a, b, c].map((node) => node.group('key'));
	await Promise.all(groups.map((group) => group.ready));
	await until(() => groups.every((group) => group.members.size === 2), 'all see all');
	const [ga, gb, gc] = groups;
	const loops = [gb.messages(), gc.messages()];
	const big = new Uint8Array(1_100_000).fill(7);
	assert.deepEqual(await ga.broadcast('all', big), { confirmed: 2, unknown: 0 });
	for (const loop of loops) {
		const { value } = await loop.next();
		assert.deepEqual([value.from, value.type, value.alone], [a.id, 'all', false]);
		assert.deepEqual(value.data, big);
	}
	await ga.send(c.id, 'psst', 'you');
	const { value } = await loops[1].next();
	assert.deepEqual([value.text, value.alone], ['you', true]);
	const left = ga.once('left', calls);
	await gc.leave();
	assert.deepEqual(await left, { id: c.id, name: 'cy', why: 'goodbye' });
	await assert.rejects(ga.send(c.id, 'x'), { code: 'NO_NODE' });
	await assert.rejects(gc.broadcast('x'), { code: 'CLOSED' });
});

test('a node is asked into a group', async (t) => {
	const [a, b] = await new World(t).pair();
	const invited = b.once('invited', calls);
	a.group('secret key').invite(b.id, 'come in');
	const { from, key, note } = await invited;
	assert.deepEqual([from, new TextDecoder().decode(note)], [a.id, 'come in']);
	assert.throws(() => a.group('secret key'), { code: 'EXISTS' });
	await b.group(key).ready;
});

/* ---- services ------------------------------------------------------------------------- */

test('a service is called as an object: values, errors, progress, streams', async (t) => {
	const [a, b] = await new World(t).pair();
	const offer = b.serve('lab', {
		echo: (...args) => args,
		'typed(n: int) -> int': (n) => n + 1,
		fail() { throw Object.assign(new Error('no luck'), { reason: 3 }); },
		async *count(n) {
			for (let i = 0; i < n; i++)
				yield i;
			return 'done';
		},
		async pour() {
			const sink = this.stream().writable.getWriter();
			await sink.write('poured');
			await sink.close();
			return this.from;
		},
		nothing() {},
	}, { version: '1.2', labels: { zone: 'x' } });
	await a.once('service-up', calls);
	const lab = a.service('lab');
	const values = [null, true, -1, 2 ** 40, 2n ** 60n, 1.5, 'ü', Uint8Array.of(1, 2), [[]],
		{ a: { b: 1 }, __proto__x: 2 }];
	assert.deepEqual(await lab.echo(...values), values);
	assert.equal(await lab.typed(41), 42);
	assert.equal(await lab.nothing(), null);
	await assert.rejects(lab.typed('x'), { code: 'ARGUMENTS' });
	await assert.rejects(lab.fail(), { code: 'REFUSED', reason: 3, message: 'no luck' });
	await assert.rejects(lab.absent(), { code: 'NO_METHOD' });
	await assert.rejects(a.service('absent').x(), { code: 'NO_SERVICE' });
	const steps = [];
	assert.equal(await lab.$with({ onprogress: (n) => steps.push(n) }).count(3), 'done');
	assert.deepEqual(steps, [0, 1, 2]);
	let poured;
	assert.equal(await lab.$with({ onstream: (s) => { poured = new Response(s.readable).text(); } })
		.pour(), a.id);
	assert.equal(await poured, 'poured');
	assert.match(await a.describe(b.id, 'lab'), /typed\(n: int\) -> int/);
	assert.deepEqual(a.services().map((s) => [s.name, s.version, s.node, s.labels]),
		[['lab', '1.2', b.id, { zone: 'x' }]]);
	await offer.stop();
	await a.once('service-down', calls);
});

test('an aborted call is told to who does it', async (t) => {
	const [a, b] = await new World(t).pair();
	let told;
	const ended = new Promise((done) => { told = done; });
	b.serve('slow', { wait() {
		return new Promise(() => this.signal.addEventListener('abort', told));
	} });
	await a.once('service-up', calls);
	const stop = new AbortController();
	const call = a.service('slow', { signal: stop.signal }).wait();
	setTimeout(() => stop.abort(new Error('changed my mind')), 50);
	await assert.rejects(call, /changed my mind/);
	await ended;
	await assert.rejects(a.service('slow', { timeout: 50 }).wait(), { code: 'TIMEOUT' });
});

test('events are heard by pattern, ours too, until it is taken back', async (t) => {
	const [a, b] = await new World(t).pair();
	const offer = b.serve('math', { add: (x, y) => x + y }, { events: ['added(sum: int)'] });
	await a.once('service-up', calls);
	const heard = [];
	const off = a.service('math').$on('added', (value, { from, event }) =>
		heard.push([value, from, event]));
	await until(() => (offer.emit('added', 3), heard.length > 0), 'the event is heard');
	assert.deepEqual(heard[0], [3, b.id, 'math.added']);
	off();
	const own = a.events('own.*');
	a.emit('own.thing', { x: 1 });
	assert.deepEqual((await own.next()).value, { event: 'own.thing', from: a.id, value: { x: 1 } });
});

/* ---- maps ------------------------------------------------------------------------------- */

test('a map agrees: values, deletes, counters, sets, watches, owners', async (t) => {
	const [a, b] = await new World(t).pair();
	const [ma, mb] = [a.state('board'), b.state('board')];
	assert.equal(a.state('board'), ma);
	await Promise.all([ma.ready, mb.ready]);
	const changes = mb.changes('list/');
	ma.set('other', 1);
	const version = ma.set('list/1', { text: 'milk', done: false });
	const { value: change } = await changes.next();
	assert.deepEqual(change, { kind: 'value', key: 'list/1', old: undefined,
		value: { text: 'milk', done: false }, by: a.id, version });
	assert.equal(mb.version('list/1'), version);
	assert.deepEqual(mb.entries().sort(), [['list/1', { text: 'milk', done: false }], ['other', 1]]);
	mb.delete('list/1');
	await until(() => ma.get('list/1') === undefined, 'it is deleted');
	ma.add('n', 5);
	mb.add('n', -2);
	for (const by of [0.5, NaN, Infinity, '1'])
		assert.throws(() => ma.add('n', by), { code: 'ARGUMENT' });
	await until(() => ma.count('n') === 3 && mb.count('n') === 3, 'counters add up');
	ma.insert('who', 'ada');
	await until(() => mb.has('who', 'ada'), 'the element is there');
	assert.deepEqual(mb.elements('who'), ['ada']);
	ma.set('owned', 1);
	ma.own('owned', a.id);
	await until(() => mb.owner('owned') === a.id && mb.get('owned') === 1, 'its owner is known');
	assert.throws(() => mb.set('owned', 2), { code: 'REFUSED' });
	assert.equal(await mb.compareAndSet('owned', null, 2), false);
	assert.equal(await mb.compareAndSet('owned', mb.version('owned'), 2), true);
	assert.equal(ma.get('owned'), 2);
	ma.unshare();
	assert.throws(() => ma.get('x'), { code: 'CLOSED' });
});

test('of a map per node each has its own values', async (t) => {
	const [a, b] = await new World(t).pair();
	const [ma, mb] = [a, b].map((node) => node.state('cursors', { perNode: true }));
	ma.set('at', [1, 2]);
	mb.set('at', [3, 4]);
	await until(() => mb.of(a.id, 'at') !== undefined, 'the other’s value is there');
	assert.deepEqual([mb.of(a.id, 'at'), mb.get('at')], [[1, 2], [3, 4]]);
});

test('who writes into a map hears who does not take it', async (t) => {
	const [a, b] = await new World(t).pair();
	const ours = a.state('map'), theirs = b.state('map', { perNode: true });
	await Promise.all([ours.ready, theirs.ready]);
	const heard = ours.once('refused', calls);
	ours.set('k', 'v');
	const { by, error } = await heard;
	assert.deepEqual([by, error.code, theirs.get('k')], [b.id, 'REFUSED', undefined]);
});

test('after a pause no entry is stamped later than it is written', async (t) => {
	const [a] = await new World(t).pair();
	const map = a.state('map');
	await map.ready;
	for (let i = 0; i < 5; i++) {
		await later(500);
		map.set('it goes on', i);
		await later(1);
		const ms = Number(BigInt(map.set(`k${i}`, i).split('-')[0]) >> 16n);
		assert.ok(ms <= Date.now() + 50, `${ms - Date.now()} ms ahead`);
	}
});
