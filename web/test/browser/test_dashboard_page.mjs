// The dashboard as people use it: from the real command, in a network that has a secret or a key.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { absent, begin, until } from './harness.mjs';
import { unnamed } from './named.mjs';

async function real(t) {
	const w = await begin(t);
	const secret = `leno secret 1 ${randomBytes(32).toString('hex')}`;
	w.environment.LENO_SECRET_FILE = path.join(w.folder, 'secret');
	await writeFile(w.environment.LENO_SECRET_FILE, `${secret}\n`, { mode: 0o600 });
	const probe = await w.command('up', '--discover', 'none', '--web');
	if (/has no dashboard/.test(probe.stderr)) {
		t.skip('this build has no dashboard');
		return null;
	}
	const ada = await w.start('up', '--json', '--name', 'ada', '--discover', 'none', '--listen',
		'ws://127.0.0.1:0', '--web', '--share', 'house').ready();
	const tab = await w.page(ada);
	return { w, ada, tab, page: tab.page, secret };
}

async function joinReally(d, secret = d.secret) {
	await d.page.fill('#network', d.w.network);
	await d.page.fill('#secret', secret);
	await d.page.click('#login .primary');
}

test('a page joins with the secret, sees nodes, calls a service, changes a map',
	{ skip: absent }, async (t) => {
		const d = await real(t);
		if (!d)
			return;
		const bob = d.w.beside(d.ada, 'serve', '--name', 'bob', 'words', 'reverse', '--', 'rev');
		await bob.event('ready');
		await joinReally(d);
		for (const name of ['ada', 'bob'])
			await d.page.click(`.nodes-table .pick:text-is("${name}")`);
		await until('what bob says of itself', async () =>
			/Version/.test(await d.page.textContent('.details')));
		await d.page.click('.details button:text-is("Ping")');
		await until('a round trip', async () =>
			/Round trip .* ms/.test(await d.page.textContent('.details .result')));
		assert.deepEqual(await unnamed(d.page), []);

		await d.page.click('#tab-services');
		await d.page.click('.service:has-text("words") summary');
		await d.page.fill('.method input, .method textarea', 'stressed');
		await d.page.click('.method .primary');
		await until('the answer', async () =>
			/desserts/.test(await d.page.textContent('.method .result')));

		await d.page.click('#tab-state');
		await d.page.fill('#panel-state form input', 'house');
		await d.page.selectOption('#panel-state form select >> nth=0', 'text');
		await d.page.click('#panel-state .primary >> nth=0');
		await d.page.fill('.editor input >> nth=0', 'lamp');
		await d.page.fill('.editor textarea', 'lit');
		await d.page.click('.editor .primary');
		const got = await until('the value at the other node', async () => {
			const r = await d.w.visit(d.ada, 'state', 'get', 'house', 'lamp');
			return r.code === 0 && r;
		});
		assert.match(got.stdout, /^lit\b/);
		await d.w.visit(d.ada, 'broadcast', 'note', 'the kettle is on');
		await d.page.click('#tab-traffic');
		await until('the message', async () =>
			/the kettle is on/.test(await d.page.textContent('.log')));
		await d.tab.shot('dashboard-real');

		await bob.kill('SIGTERM');
		await until('bob gone from the map', async () =>
			await d.page.locator('.nodes .node').count() === 2);
		await d.page.click('#leave');
		await d.page.waitForSelector('#login');
		assert.equal(await d.page.inputValue('#secret'), '');
	});

test('a page joins a group, and speaks in it', { skip: absent }, async (t) => {
	const d = await real(t);
	if (!d)
		return;
	const bob = d.w.beside(d.ada, 'group', 'knitting', '--listen', '--name', 'bob');
	await joinReally(d);
	await d.page.click('#tab-groups');
	await d.page.fill('#panel-groups input', 'knitting');
	await d.page.click('#panel-groups .primary');
	await d.page.waitForSelector('.members li:text-is("bob")');
	await d.page.fill('.group form input', 'two purl, one knit');
	await d.page.press('.group form input', 'Enter');
	await until('the words at bob', () =>
		bob.said.some((e) => JSON.stringify(e).includes('two purl')));
	const carol = d.w.beside(d.ada, 'group', '--accept', 'knit*', '--name', 'carol');
	await d.page.click('.group summary');
	await d.page.waitForSelector('.group details option:text-is("carol")', { state: 'attached' });
	await d.page.selectOption('.group details select', { label: 'carol' });
	assert.equal(await d.page.locator('.group details option:text-is("bob")').count(), 0);
	await d.page.fill('.group details input', 'knit with us');
	await d.page.click('.group details button');
	await d.page.waitForSelector('.members li:text-is("carol")');
	await carol.kill();
	await d.page.click('button:text-is("Leave group")');
	await until('the end of it at bob', () => bob.said.some((e) => e.event === 'left'));
});

test('a page whose node has gone says so, and joins again by itself', { skip: absent }, async (t) => {
	const d = await real(t);
	if (!d)
		return;
	d.w.expect(/WebSocket connection to/);
	await joinReally(d);
	await d.page.waitForSelector('.nodes .node');
	await d.ada.kill();
	await until('the bad news', async () =>
		/lost/.test(await d.page.textContent('#link-state')));
	await d.w.start('up', '--json', '--name', 'ada', '--discover', 'none', '--listen', d.ada.uri,
		'--web').ready();
	await until('the good news', async () =>
		/^in as/.test(await d.page.textContent('#link-state')));
	await d.page.click('#leave');
	await joinReally(d);
	await d.page.waitForSelector('.nodes .node');
	await d.page.focus('#tab-nodes');
	await d.page.keyboard.press('ArrowRight');
	assert.equal(await d.page.getAttribute('#tab-services', 'aria-selected'), 'true');
});

test('a wrong secret is said to be one', { skip: absent }, async (t) => {
	const d = await real(t);
	if (!d)
		return;
	await joinReally(d, `leno secret 1 ${'ab'.repeat(32)}`);
	await until('the reason', async () =>
		/not that of this network/.test(await d.page.textContent('#login-error')));
	assert.equal(await d.page.locator('#app').isVisible(), false);
});

test('an invitation lets a page in, once, and with the tick again', { skip: absent }, async (t) => {
	const w = await begin(t);
	const key = path.join(w.folder, 'key');
	await w.command('network', key);
	const probe = await w.command('up', '--discover', 'none', '--web');
	if (/has no dashboard/.test(probe.stderr))
		return t.skip('this build has no dashboard');
	const holder = await w.start('up', '--json', '--name', 'holder', '--network-key', key, '--discover',
		'none', '--listen', 'ws://127.0.0.1:0', '--web').ready();
	const made = await w.command('invite', '--network-key', key, '--address', holder.uri);
	const invitation = made.stdout.trim().split(/\s/)[0];
	const { page } = await w.page(holder);
	const joins = async (keep) => {
		await page.check('input[value=invitation]');
		await page.fill('#invitation', invitation);
		await page.setChecked('#keep', keep);
		await page.click('#login .primary');
	};
	await joins(true);
	await page.waitForSelector('.nodes .node');
	await page.reload();
	await page.waitForSelector('.nodes .node');
	await page.click('#leave');
	await page.waitForSelector('#login');
	assert.equal(await page.evaluate(() => sessionStorage.length), 0);
	await joins(false);
	await until('the reason', async () => /\S/.test(await page.textContent('#login-error')));
	assert.equal(await page.locator('#app').isVisible(), false);
	return undefined;
});

test('with the tick reloading joins again, without it asks', { skip: absent }, async (t) => {
	const d = await real(t);
	if (!d)
		return;
	await joinReally(d);
	await d.page.waitForSelector('.nodes .node');
	await d.page.reload();
	await d.page.waitForSelector('#login');
	assert.equal(await d.page.evaluate(() => sessionStorage.length), 0);
	await d.page.check('#keep');
	await joinReally(d);
	await d.page.waitForSelector('.nodes .node');
	await d.page.reload();
	await d.page.waitForSelector('.nodes .node');
});
