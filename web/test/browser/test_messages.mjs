// A tab and native nodes talk: both ways, by a link and across a relay, with a secret.
import assert from 'node:assert/strict';
import test from 'node:test';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { absent, begin, noPackage } from './harness.mjs';

const skip = absent || noPackage;

test('messages go both ways, and are confirmed', { skip }, async (t) => {
	const w = await begin(t);
	const ada = await w.up('ada');
	const bob = await w.beside(ada, 'listen', '--name', 'bob').ready();
	const tab = await w.page(ada);
	await tab.join(ada, 'tab');
	await ada.event('node_up', (e) => e.name === 'tab');
	await tab.run(async (_, bob) => {
		globalThis.heard = [];
		node.on('message', (m) => heard.push([m.type, m.text, m.from]));
		await node.waitFor(bob);
		await node.send('ada', 'greeting', 'hello ada');
		await node.send(bob, 'greeting', 'hello bob');
		await node.send(bob, 'bytes', new Uint8Array(300_000).fill(7));
	}, bob.id);
	await ada.event('message', (e) => e.type === 'greeting' && e.data === 'hello ada');
	const got = await bob.event('message', (e) => e.type === 'greeting');
	assert.equal(got.data, 'hello bob');
	assert.equal(got.id, tab.id);
	assert.equal((await bob.event('message', (e) => e.type === 'bytes')).size, 300_000);
	const sent = await w.visit(ada, 'send', 'tab', 'note', 'hello tab');
	assert.equal(sent.code, 0, sent.stderr);
	const heard = await tab.run(() => globalThis.heard);
	assert.deepEqual(heard.map(([type, text]) => [type, text]), [['note', 'hello tab']]);
});

test('requests go both ways', { skip }, async (t) => {
	const w = await begin(t);
	const ada = await w.up('ada');
	const bob = await w.beside(ada, 'listen', '--name', 'bob', '--reply', 'tr a-z A-Z').ready();
	const tab = await w.page(ada);
	await tab.join(ada, 'tab');
	const answer = await tab.run(async (_, bob) => {
		node.handle('double', (request) => `${request.text}${request.text}`);
		node.handle('fail', () => { throw new Error('not today'); });
		await node.waitFor(bob);
		return new TextDecoder().decode(await node.request(bob, 'shout', 'quietly'));
	}, bob.id);
	assert.equal(answer, 'QUIETLY');
	const asked = await w.visit(ada, 'request', 'tab', 'double', 'ab');
	assert.equal(asked.stdout.trim(), 'abab', asked.stderr);
	const failed = await w.visit(ada, 'request', 'tab', 'fail', 'x');
	assert.equal(failed.code, 1);
	assert.match(failed.stderr, /not today/);
	const refused = await tab.run((_, id) => node.request(id, 'any').catch((e) => e.code), ada.id);
	assert.equal(refused, 'REFUSED');
});

test('two tabs talk across a native node', { skip }, async (t) => {
	const w = await begin(t);
	const ada = await w.up('ada');
	const [one, two] = await w.pages(2, ada);
	await one.join(ada, 'one');
	await two.join(ada, 'two');
	await one.run(() => { node.handle('sum', (r) => String(r.data.reduce((a, b) => a + b, 0))); });
	const sum = await two.run(async () => {
		await node.waitFor('one');
		return new TextDecoder().decode(await node.request('one', 'sum', new Uint8Array([40, 2])));
	});
	assert.equal(sum, '42');
});

test('who has the secret is let in, and who has another is not', { skip }, async (t) => {
	const w = await begin(t);
	const file = path.join(w.folder, 'secret');
	assert.equal((await w.command('secret', file)).code, 0);
	const ada = await w.up('ada', '--secret-file', file);
	const tab = await w.page(ada);
	await tab.join(ada, 'tab', { secret: (await readFile(file, 'utf8')).trim() });
	await ada.event('node_up', (e) => e.name === 'tab');
	const stranger = await w.page(ada);
	const code = await stranger.run(async (leno, { uri, network }) => {
		const node = await leno.open({ network, secret: leno.createSecret(), log: () => {} });
		const code = await node.connect(uri, { timeout: 1500 }).catch((e) => e.code);
		await node.close();
		return code;
	}, { uri: ada.uri, network: w.network });
	assert.ok(['SECRET', 'TIMEOUT'].includes(code), code);
	assert.equal(ada.said.filter((e) => e.event === 'node_up').length, 1);
});

test('a passphrase is stretched as native nodes stretch it', { skip }, async (t) => {
	const w = await begin(t);
	const file = path.join(w.folder, 'passphrase'), secret = 'four words of some length';
	await writeFile(file, `${secret}\n`, { mode: 0o600 });
	const ada = await w.up('ada', '--secret-file', file);
	const tab = await w.page(ada);
	await tab.join(ada, 'tab', { secret });
	await ada.event('node_up', (e) => e.name === 'tab');
});
