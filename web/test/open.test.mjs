// Opening: what is wrong is said; what is kept is found again.
// covers: src/driver/wasm/passphrase/passphrase.c src/driver/wasm/look.c
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { World, leno, native, until } from './support.mjs';

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
	const invites = world.run(['invite', '--network-key', key, '--connect', uri], { secret: false });
	await invites.ended;
	const invitation = /leno:[\w-]+/.exec(invites.lines.join('\n'))?.[0];
	assert.ok(invitation, invites.errors + invites.lines.join('\n'));
	const options = { network: undefined, secret: undefined, invitation, invitationAt: uri, storage };
	const node = await world.node('guest', options);
	assert.equal(await node.connect(uri, { timeout: 5000 }), id);
	await until(() => node.nodes.has(id), 'it is a member');
	await node.close();
	const again = await world.node('guest', { ...options, invitationAt: undefined });
	assert.equal(again.id, node.id);
	assert.equal(await again.connect(uri, { timeout: 5000 }), id);
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
