// The page of `leno up --web` in a browser: it runs under its own policy, and the policy holds.
import assert from 'node:assert/strict';
import test from 'node:test';
import { absent, begin, until } from './harness.mjs';

const noDashboard = 'this build has no dashboard';

async function dashboard(t) {
	const w = await begin(t);
	const built = await w.command('up', '--discover', 'none', '--web');
	if (/has no dashboard/.test(built.stderr)) {
		t.skip(noDashboard);
		return null;
	}
	const ada = await w.start('up', '--json', '--name', 'ada', '--discover', 'none', '--listen',
		'ws://127.0.0.1:0', '--web').ready();
	await w.launch();
	const context = await w.browser.newContext();
	const asked = [];
	context.on('request', (request) => asked.push(request.url()));
	const [tab] = await w.pages(1, ada, { context });
	await tab.page.waitForLoadState('networkidle');
	return { w, ada, tab, asked };
}

test('the page runs under its policy, from its own node alone', { skip: absent }, async (t) => {
	const d = await dashboard(t);
	if (!d)
		return;
	assert.ok(d.asked.some((url) => url.endsWith('/leno/leno.wasm')), d.asked.join());
	for (const url of d.asked)
		assert.equal(new URL(url).host, new URL(d.ada.origin).host, url);
	await d.tab.shot('dashboard-first');
});

test('what is put into the page is not run', { skip: absent }, async (t) => {
	const d = await dashboard(t);
	if (!d)
		return;
	d.w.expect(/Content Security Policy|TrustedHTML|TrustedScript|Refused/);
	const ran = await d.tab.page.evaluate(async () => {
		const script = document.createElement('script');
		try {
			script.textContent = 'window.ran = "inline"';
			document.body.append(script);
		} catch {
			// trusted types, before the policy for scripts is asked
		}
		try {
			document.body.innerHTML = '<img src=x onerror="window.ran = 1">';
		} catch {
			// the same
		}
		await new Promise((done) => { setTimeout(done, 100); });
		return window.ran;
	});
	assert.equal(ran, undefined);
	await until('the browser to say so', () => d.w.faults.length > 0);
	const elsewhere = await d.tab.page.evaluate(() => fetch('http://127.0.0.2:9/').then(
		() => 'fetched', (error) => error.name));
	assert.equal(elsewhere, 'TypeError');
});

test('no other page shows it in a frame', { skip: absent }, async (t) => {
	const d = await dashboard(t);
	if (!d)
		return;
	d.w.expect(/frame-ancestors|Framing|Refused to (frame|display)/);
	const bob = await d.w.up('bob');
	const outer = await d.w.page(bob);
	await outer.page.evaluate((url) => {
		const frame = document.createElement('iframe');
		frame.src = url;
		document.body.append(frame);
	}, d.ada.origin);
	await until('the refusal', () => d.w.faults.some((f) => /frame-ancestors|Framing/.test(f)));
});
