// Opening: what is wrong is said; what is kept is found again.
// covers: src/driver/wasm/passphrase/passphrase.c src/driver/wasm/look.c
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFileSync } from 'node:fs';
import { World, folder, leno, native, part, until } from './support.mjs';

const { decode } = await part('msgpack.js');

class MemoryStorage {
	entries = new Map();
	async get(key) { return this.entries.get(key); }
	async put(entries) {
		for (const [key, bytes] of entries)
			bytes === undefined ? this.entries.delete(key) : this.entries.set(key, bytes);
	}
	async list(prefix) {
		return [...this.entries].filter(([key]) => key.startsWith(prefix));
	}
}

test('options that are wrong are refused', async () => {
	for (const options of [{ network: 'x'.repeat(65) }, { name: 'x'.repeat(64) },
		{ identity: new Uint8Array(31) }, { secret: 'leno secret 1 abc' },
		{ labels: { key: 'x'.repeat(64) } }, { invitation: 'leno:xyz' }, { invitation: 'x' }])
		await assert.rejects(leno.open(options), { name: 'LenoError', code: 'ARGUMENT' });
	await assert.rejects(leno.open({ wasm: '/nowhere/leno.wasm' }), { code: 'SYSTEM' });
	await assert.rejects(leno.open({ signal: AbortSignal.abort(new Error('no')) }), /no/);
});

test('who gives up while it opens has no node left behind', async (t) => {
	const world = new World(t), stop = new AbortController(), storage = new MemoryStorage();
	let begun = 0;
	storage.get = async () => { stop.abort(new Error('enough')); };
	await assert.rejects(leno.open({ network: world.network, storage, signal: stop.signal,
		labels: { get place() { return `${++begun}`; } } }), /enough/);
	assert.equal(begun, 0);
});

test('networks whose names begin alike share no storage', async (t) => {
	const world = new World(t), storage = new MemoryStorage();
	const one = await world.node('a', { network: 'a/0/map', storage });
	const two = await world.node('a', { network: 'a', storage });
	assert.notEqual(one.id, two.id);
});

test('a module for passphrases that is not there is looked for again', async () => {
	const { stretch } = await part('stretch.js');
	await assert.rejects(stretch('n', 'p', async () => { throw new Error('offline'); }),
		{ code: 'SYSTEM', message: /offline/ });
	const secret = await stretch('n', 'p', async () =>
		WebAssembly.compile(readFileSync(`${folder}/argon2.wasm`)));
	assert.equal(secret.length, 32);
});

test('an identity is fresh, given, or found again', async (t) => {
	const world = new World(t), storage = new MemoryStorage();
	const seed = new Uint8Array(32).fill(9);
	const given = [await world.node('a', { identity: seed }), await world.node('b',
		{ identity: seed })];
	assert.equal(given[0].id, given[1].id);
	const first = await world.node('c', { storage });
	await first.close();
	const second = await world.node('d', { storage });
	assert.equal(first.id, second.id);
	assert.notEqual((await world.node('e')).id, first.id);
});

test('a map that is kept is there after everybody has left', async (t) => {
	const world = new World(t), storage = new MemoryStorage();
	const before = await world.node('a', { storage });
	const map = before.state('notes', { keep: true });
	map.set('one', { x: 1 });
	map.set('two', 2);
	map.delete('two');
	await before.close();
	const after = await world.node('a', { storage });
	const again = after.state('notes', { keep: true });
	assert.deepEqual(again.entries(), [['one', { x: 1 }]]);
});

test('a passphrase is what it is for the command', native, async (t) => {
	const world = new World(t);
	world.secret = 'correct horse battery staple';
	const { uri, id } = await world.up('up');
	const node = await world.node('js');
	assert.equal(await node.connect(uri, { timeout: 5000 }), id);
});

test('an invitation lets in, and what it brought is kept', native, async (t) => {
	const world = new World(t), storage = new MemoryStorage();
	const key = `${world.dir}/key`;
	const made = world.run(['network', key], { secret: false });
	assert.equal(await made.ended, 0, made.errors);
	const { uri, id } = await world.up('up', { secret: false, args: ['--network-key', key,
		'--identity', `${world.dir}/id`] });
	const invite = async () => {
		const invites = world.run(['invite', '--network-key', key, '--connect', uri],
			{ secret: false });
		await invites.ended;
		const found = /leno:[\w-]+/.exec(invites.lines.join('\n'))?.[0];
		assert.ok(found, invites.errors + invites.lines.join('\n'));
		return found;
	};
	const certificate = () => decode([...storage.entries].find(([k]) => k.endsWith('identity'))[1])
		.papers.certificate;
	const invitation = await invite();
	const options = { network: undefined, secret: undefined, invitation, invitationAt: uri, storage };
	const node = await world.node('guest', options);
	assert.equal(await node.connect(uri, { timeout: 5000 }), id);
	await until(() => node.nodes.has(id), 'it is a member');
	await node.close();
	const again = await world.node('guest', { ...options, invitationAt: undefined });
	assert.equal(again.id, node.id);
	assert.equal(await again.connect(uri, { timeout: 5000 }), id);
	await again.close();
	const first = certificate();
	const anew = await world.node('guest', { ...options, invitation: await invite() });
	assert.equal(anew.id, node.id);
	assert.notDeepEqual(certificate(), first);
});

test('an identity that runs elsewhere is told so', async (t) => {
	const world = new World(t), seed = new Uint8Array(32).fill(3);
	const hub = await world.node('hub');
	const uri = await hub.listen('tcp://127.0.0.1:0');
	const quiet = { identity: seed, log: () => {} };
	const a = await world.node('a', quiet);
	await new Promise((done) => setTimeout(done, 10));      // a life is known by its millisecond
	const b = await world.node('b', quiet);
	const told = Promise.race([a, b].map((node) => new Promise((done) =>
		node.on('link-down', ({ error }) => { if (error?.code === 'DUPLICATE') done(); }))));
	a.connect(uri).catch(() => {});
	b.connect(uri).catch(() => {});
	let timer;
	await Promise.race([told, new Promise((_, no) => {
		timer = setTimeout(no, 15000, new Error('not told'));
	})]);
	clearTimeout(timer);
});
