// The dashboard as people use it: from the real command, and, for what only a large mesh shows,
// before the fake of the package.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { absent, begin, until } from './harness.mjs';
import { serve } from '../fake/serve.mjs';

const NAMED = new Set(['button', 'textbox', 'searchbox', 'combobox', 'checkbox', 'radio', 'tab', 'option',
	'meter', 'image', 'spinbutton', 'listbox', 'tablist', 'tabpanel', 'table', 'region',
	'navigation', 'article', 'link']);

/** What a screen reader would announce without a name. */
async function unnamed(page) {
	const session = await page.context().newCDPSession(page);
	const { nodes } = await session.send('Accessibility.getFullAXTree');
	return nodes.filter((n) => !n.ignored && NAMED.has(n.role?.value) && !n.name?.value?.trim())
		.map((n) => n.role.value);
}

async function everyView(page, look) {
	for (const view of ['nodes', 'services', 'traffic', 'groups', 'state', 'rates']) {
		await page.click(`#tab-${view}`);
		await look(view);
	}
}

/* ---- before the fake -------------------------------------------------------------------- */

async function fake(t, query, options = {}) {
	const w = await begin(t);
	const { port, close } = await serve();
	t.after(close);
	await w.launch();
	const context = await w.browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
	const tab = await w.page({ origin: `http://127.0.0.1:${port}` }, { at: `/?${query}`, context });
	return { w, tab, page: tab.page };
}

async function join(page, secret = 'right') {
	await page.fill('#secret', secret);
	await page.click('#login .primary');
}

const places = (page) => page.$$eval('.nodes .node', (all) =>
	Object.fromEntries(all.map((one) => [one.dataset.id, one.getAttribute('transform')])));

/* Until no node has moved for a while. */
async function calm(page) {
	let before = '';
	await until('a calm map', async () => {
		const now = JSON.stringify(await places(page));
		const same = now === before && now !== '{}';
		before = now;
		await page.waitForTimeout(200);
		return same;
	});
}

for (const nodes of [5, 60, 200])
	test(`${nodes} nodes: all are on the map and in the list, and it becomes calm`,
		{ skip: absent }, async (t) => {
			const { tab, page } = await fake(t, `nodes=${nodes}`);
			await join(page);
			await page.waitForSelector('.nodes .node');
			await calm(page);
			assert.equal(await page.locator('.nodes .node').count(), nodes);
			assert.equal(await page.locator('.nodes-table tbody tr').count(), nodes);
			const boxes = await page.$$eval('.names text:not([hidden])', (all) => all.map((one) => {
				const { x, y, width, height } = one.getBoundingClientRect();
				return { x, y, width, height };
			}));
			assert.ok(boxes.length >= Math.min(nodes, 40), `${boxes.length} names`);
			await tab.shot(`dashboard-${nodes}`);
		});

test('every control has a name, in every view', { skip: absent }, async (t) => {
	const { page } = await fake(t, 'nodes=20');
	assert.deepEqual(await unnamed(page), []);
	await join(page);
	await page.click('.pick >> nth=2');
	await everyView(page, async (view) => {
		if (view === 'services')
			await page.click('.service summary >> nth=2');
		if (view === 'groups' || view === 'state') {
			await page.fill(`#panel-${view} form input >> nth=0`, 'home');
			await page.click(`#panel-${view} .primary >> nth=0`);
		}
		await page.waitForTimeout(100);
		assert.deepEqual(await unnamed(page), [], view);
	});
});

test('the map goes by keys alone', { skip: absent }, async (t) => {
	const { page } = await fake(t, 'nodes=20', { reducedMotion: 'reduce' });
	await join(page);
	await page.waitForSelector('.nodes .node');
	assert.equal(await page.locator('.nodes .node[tabindex="0"]').count(), 1);
	await page.focus('.nodes .node[tabindex="0"]');
	const first = await page.evaluate(() => document.activeElement.dataset.id);
	for (const key of ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown'])
		await page.keyboard.press(key);
	const at = await page.evaluate(() => document.activeElement.dataset.id);
	assert.ok(at, 'the focus is still on the map');
	await page.keyboard.press(at === first ? 'ArrowLeft' : 'ArrowUp');
	await page.keyboard.press('Enter');
	assert.equal(await page.locator('.nodes .node[aria-selected=true]').count(), 1);
	assert.match(await page.textContent('.details h3'), /\S/);
	await page.keyboard.press('Escape');
	assert.equal(await page.locator('.details').isVisible(), false);
	await page.focus('#tab-nodes');
	await page.keyboard.press('ArrowRight');
	assert.equal(await page.getAttribute('#tab-services', 'aria-selected'), 'true');
});

test('a narrow page has everything, and nothing beside it', { skip: absent }, async (t) => {
	const { tab, page } = await fake(t, 'nodes=60', { viewport: { width: 360, height: 740 },
		colorScheme: 'dark' });
	await join(page);
	await page.waitForSelector('.nodes .node');
	const wide = () => page.evaluate(() => document.documentElement.scrollWidth);
	assert.equal(await wide(), 360);
	await tab.shot('dashboard-phone-map');
	await everyView(page, async (view) => {
		assert.equal(await wide(), 360, view);
		assert.ok(await page.evaluate((v) => {
			const panel = document.getElementById(`panel-${v}`);
			return panel.scrollWidth <= panel.clientWidth;
		}, view), view);
		assert.equal(await page.locator('.map').isVisible(), false);
		await tab.shot(`dashboard-phone-${view}`);
	});
});

test('who is refused is told why, and what to do', { skip: absent }, async (t) => {
	const { page } = await fake(t, 'nodes=5');
	await page.click('#login .primary');
	assert.match(await page.textContent('#login-error'), /Type the secret/);
	assert.equal(await page.evaluate(() => document.activeElement.id), 'secret');
	await join(page, 'wrong');
	await page.waitForFunction(() =>
		/not that of this network/.test(document.getElementById('login-error').textContent));
	await page.check('input[value=invitation]');
	await page.fill('#invitation', 'hello');
	await page.click('#login .primary');
	assert.match(await page.textContent('#login-error'), /leno:/);
});

/* ---- the real one ------------------------------------------------------------------------ */

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
