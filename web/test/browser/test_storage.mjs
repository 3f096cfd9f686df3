// What is kept in the page's IndexedDB: identities, of which each tab has its own, and maps.
import assert from 'node:assert/strict';
import test from 'node:test';
import { absent, begin, noPackage, until } from './harness.mjs';

const skip = absent || noPackage;

const open = (tab, network, options = {}) => tab.run(async (leno, more) => {
	globalThis.node = await leno.open({ storage: 'indexeddb', webrtc: false, ...more });
	return node.id;
}, { network, ...options });

async function again(tab) {
	await tab.page.reload();
}

test('an identity is found again after a reload; two tabs have two, and find both again', { skip },
	async (t) => {
		const w = await begin(t);
		const ada = await w.up('ada');
		const context = await w.shared();
		const [one, two] = await w.pages(2, ada, { context });
		const first = await open(one, w.network);
		const second = await open(two, w.network);
		assert.notEqual(first, second);
		await again(one);
		assert.equal(await open(one, w.network), first);
		await again(one);
		await again(two);
		assert.equal(await open(two, w.network), first);
		assert.equal(await open(one, w.network), second);
		const other = await w.page(ada, { context });
		assert.equal(new Set([first, second, await open(other, `${w.network}-b`)]).size, 3);
	});

test('a closed node gives its identity to the next; one in memory keeps nothing', { skip },
	async (t) => {
		const w = await begin(t);
		const ada = await w.up('ada');
		const tab = await w.page(ada);
		const first = await open(tab, w.network);
		await tab.run(() => node.close());
		assert.equal(await open(tab, w.network), first);
		await tab.run(() => node.close());
		const fresh = await open(tab, w.network, { identity: 'memory' });
		assert.notEqual(fresh, first);
		await tab.run(() => node.close());
		assert.equal(await open(tab, w.network), first);
	});

test('others take a tab that was loaded anew for the same node, in a new life', { skip },
	async (t) => {
		const w = await begin(t);
		const ada = await w.up('ada');
		const tab = await w.page(ada);
		const id = await open(tab, w.network, { name: 'tab' });
		await tab.run((leno, uri) => node.connect(uri), ada.uri);
		await ada.event('node_up', (event) => event.id === id);
		await again(tab);
		assert.equal(await open(tab, w.network, { name: 'tab' }), id);
		await tab.run((leno, uri) => node.connect(uri), ada.uri);
		await until('ada answers', () => tab.run((leno, to) =>
			node.ping(to).then(() => true, () => false), ada.id));
	});

test('a map with keep is there when all tabs were closed; without it is not', { skip },
	async (t) => {
		const w = await begin(t);
		const ada = await w.up('ada');
		const context = await w.shared();
		const one = await w.page(ada, { context });
		await open(one, w.network);
		await one.run(async () => {
			const kept = node.state('kept', { keep: true });
			const lost = node.state('lost');
			await Promise.all([kept.ready, lost.ready]);
			kept.set('colour', 'blue');
			kept.set('gone', 1);
			kept.add('visits', 3);
			kept.insert('tags', 'a');
			kept.delete('gone');
			lost.set('colour', 'red');
			await node.close();
		});
		await one.close();
		const two = await w.page(ada, { context });
		await open(two, w.network);
		const found = await two.run(async () => {
			const kept = node.state('kept', { keep: true });
			const lost = node.state('lost');
			await Promise.all([kept.ready, lost.ready]);
			return [kept.get('colour'), kept.get('gone') ?? null, kept.count('visits'),
				kept.has('tags', 'a'), lost.get('colour') ?? null];
		});
		assert.deepEqual(found, ['blue', null, 3, true, null]);
	});

test('what is put is there altogether or not at all', { skip }, async (t) => {
	const w = await begin(t);
	const ada = await w.up('ada');
	const tab = await w.page(ada);
	const found = await tab.run(async () => {
		const { openIndexedStorage } = await import('/leno/src/indexeddb.js');
		const storage = await openIndexedStorage('storage-test');
		await storage.put([['a/1', Uint8Array.of(1)], ['a/2', Uint8Array.of(2)],
			['b/1', Uint8Array.of(3)]]);
		const failed = await storage.put((function* () {
			yield ['a/3', Uint8Array.of(4)];
			yield ['a/1', undefined];
			throw new Error('on purpose');
		})()).catch((error) => error.message);
		const before = await storage.list('a/');
		await storage.put([['a/1', undefined]]);
		const after = await storage.list('');
		indexedDB.deleteDatabase('storage-test');
		await new Promise((resolve) => { setTimeout(resolve, 200); });
		return { failed, before: before.map(([key, bytes]) => [key, [...bytes]]),
			after: after.map(([key]) => key), none: await storage.get('a/1') ?? null,
			anew: await storage.list('') };
	});
	assert.deepEqual(found, { failed: 'on purpose', before: [['a/1', [1]], ['a/2', [2]]],
		after: ['a/2', 'b/1'], none: null, anew: [] });
});
