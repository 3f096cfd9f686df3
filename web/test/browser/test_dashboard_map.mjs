// The dashboard before the fake of the package: meshes of any size, keys alone, narrow pages.
import assert from 'node:assert/strict';
import test from 'node:test';
import { absent, begin, until } from './harness.mjs';
import { unnamed } from './named.mjs';
import { serve } from '../fake/serve.mjs';

async function everyView(page, look) {
	for (const view of ['nodes', 'services', 'traffic', 'groups', 'state', 'rates']) {
		await page.click(`#tab-${view}`);
		await look(view);
	}
}

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

test('a drag moves the map, and chooses nobody', { skip: absent }, async (t) => {
	const { page } = await fake(t, 'nodes=20', { reducedMotion: 'reduce' });
	await join(page);
	await calm(page);
	await page.click('.pick >> nth=3');
	const before = await places(page);
	await page.mouse.move(30, 700);
	await page.mouse.down();
	await page.mouse.move(60, 680);
	await page.mouse.move(130, 650);
	await page.mouse.up();
	await until('the map to have moved', async () =>
		JSON.stringify(await places(page)) !== JSON.stringify(before));
	assert.equal(await page.locator('.nodes .node[aria-selected=true]').count(), 1);
	await page.mouse.click(30, 700);
	assert.equal(await page.locator('.nodes .node[aria-selected=true]').count(), 0);
});

test('the focus stays where it is when the list is sorted anew', { skip: absent }, async (t) => {
	const { page } = await fake(t, 'nodes=60');
	await join(page);
	await page.click('.c-rtt .sort');
	await page.focus('.pick >> nth=20');
	const name = await page.evaluate(() => document.activeElement.textContent);
	await page.evaluate(() => document.querySelector('.c-name .sort').click());
	await page.waitForTimeout(1200);
	assert.equal(await page.evaluate(() => document.activeElement.textContent), name);
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

test('many invitations, and a map that changes all the time, do not fill or stop the page',
	{ skip: absent }, async (t) => {
		const { page } = await fake(t, 'nodes=5');
		await join(page);
		await page.waitForSelector('.nodes .node');
		const counted = await page.evaluate(async () => {
			const { fakes } = await import('./leno/index.js'), [node] = fakes;
			const [other] = node.nodes.keys();
			for (let i = 0; i < 500; i++)
				node.invite(other, `key ${i % 250}`, 'come');
			return document.querySelectorAll('.invitations li').length;
		});
		assert.equal(counted, 20);
		await page.click('#tab-state');
		await page.fill('#panel-state form input', 'house');
		await page.click('#panel-state .primary >> nth=0');
		await page.waitForSelector('.state-table .pick');
		const looks = await page.evaluate(async () => {
			const { fakes } = await import('./leno/index.js'), [node] = fakes;
			const state = node.state('house'), each = state.each;
			let n = 0;
			state.each = (prefix) => {
				n++;
				return each.call(state, prefix);
			};
			for (let i = 0; i < 1000; i++)
				state.change('busy', i);
			await new Promise((done) => { setTimeout(done, 600); });
			return n;
		});
		assert.ok(looks > 0 && looks < 10, `${looks} looks at 1000 changes`);
		assert.match(await page.textContent('.state-table'), /busy999/);
	});

test('what is shown far away is there at once for who wants no motion', { skip: absent },
	async (t) => {
		const { page } = await fake(t, 'nodes=60', { reducedMotion: 'reduce' });
		await join(page);
		await calm(page);
		for (let i = 0; i < 8; i++)
			await page.click('.map-tools [aria-label="Zoom in"]');
		const moves = await page.evaluate(async () => {
			const frame = () => new Promise((done) => { requestAnimationFrame(() => done()); });
			const at = (id) => document.querySelector(`.nodes [data-id="${id}"]`)
				.getAttribute('transform');
			const far = [...document.querySelectorAll('.nodes .node')].find((one) => {
				const box = one.getBoundingClientRect();
				return box.left < -200 || box.left > innerWidth;
			});
			const { id } = far.dataset, seen = new Set();
			[...document.querySelectorAll('.pick')].find((one) =>
				far.querySelector('title').textContent.startsWith(`${one.textContent}:`)).click();
			for (let i = 0; i < 20; i++) {
				await frame();
				seen.add(at(id));
			}
			return seen.size;
		});
		assert.ok(moves <= 2, `${moves} places in 20 frames`);
	});

test('a method that says much, and a stream that fails, are shown to their end', { skip: absent },
	async (t) => {
		const { page } = await fake(t, 'nodes=5');
		await join(page);
		await page.click('#tab-services');
		await page.click('.service:has-text("lamp") summary');
		const method = page.locator('.method', { hasText: 'log()' });
		await method.locator('.primary').click();
		const said = () => method.locator('.result').textContent();
		await until('the end of the stream', async () => /it fell/.test(await said()));
		const lines = (await said()).split('\n');
		assert.equal(lines.length, 200);
		assert.ok(lines.includes('so far: 999'));
	});
