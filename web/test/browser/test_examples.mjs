// The examples in web/examples/, each with the other side that it names.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { BUILD, PATIENCE_MS, ROOT, absent, begin, own, until } from './harness.mjs';
import { spawn } from 'node:child_process';

async function serving(t, ...more) {
	const w = await begin(t);
	const probe = await w.command('up', '--discover', 'none', '--web');
	if (/has no dashboard/.test(probe.stderr)) {
		t.skip('this build has no dashboard, and so no package in it');
		return null;
	}
	const ada = await w.start('up', '--json', '--name', 'ada', '--listen', 'ws://127.0.0.1:0', '--web',
		'--www', path.join(ROOT, 'web/examples'), '--discover', 'none', ...more).ready();
	const at = (name, tab) => w.page(ada, { at: `/${name}/?network=${w.network}&name=${tab}` });
	return { w, ada, at };
}

/** A program of examples/, which finds ada by local:. */
function program(t, w, name, ...args) {
	const file = path.join(path.dirname(process.env.LENO_BIN ?? path.join(BUILD, 'leno')), 'examples',
		name);
	if (!existsSync(file)) {
		t.skip(`no ${file}`);
		return null;
	}
	const child = own(spawn(file, args, { env: w.environment, stdio: ['pipe', 'pipe', 'inherit'] }));
	child.said = '';
	child.stdout.on('data', (text) => { child.said += text; });
	w.others.push(child);
	return child;
}

const has = (tab, selector, text) => until(`${text} in ${selector}`, async () =>
	(await tab.page.textContent(selector)).includes(text));

test('a chat between tabs and a terminal', { skip: absent }, async (t) => {
	const s = await serving(t);
	if (!s)
		return;
	const listener = s.w.beside(s.ada, 'listen', '--name', 'ear', 'chat');
	const [one, two] = [await s.at('chat', 'one'), await s.at('chat', 'two')];
	for (const tab of [one, two])
		await has(tab, '#status', '3 others');
	await one.page.fill('#text', 'hello');
	await one.page.press('#text', 'Enter');
	await has(two, '#said', 'one: hello');
	await listener.event('message', (m) => JSON.stringify(m).includes('hello'));
	const sent = await s.w.visit(s.ada, 'broadcast', 'chat', 'from a terminal');
	assert.equal(sent.code, 0, sent.stderr);
	for (const tab of [one, two])
		await has(tab, '#said', 'from a terminal');
});

test('cursors of others are seen', { skip: absent }, async (t) => {
	const s = await serving(t);
	if (!s)
		return;
	const [one, two] = [await s.at('board', 'one'), await s.at('board', 'two')];
	for (const tab of [one, two])
		await has(tab, '#status', '1 others');
	let x = 300;
	const move = () => one.page.mouse.move(++x, 200);
	if (existsSync(path.join(ROOT, 'web/src/webrtc.js')))
		await until('a link from tab to tab', async () => {
			await move();
			return /1 of them/.test(await two.page.textContent('#status'));
		}, 2 * PATIENCE_MS);
	await move();
	await one.page.mouse.move(400, 200);
	await until('a cursor', () => two.page.locator('#board i[data-name=one]').count());
	await until('it where the other points', async () =>
		Math.abs(await two.page.$eval('#board i', (i) => i.offsetLeft + 7) - 400) < 10);
});

test('a page calls a service written in C', { skip: absent }, async (t) => {
	const s = await serving(t, '--discover', 'local:');
	if (!s || !program(t, s.w, 'greeter'))
		return;
	const tab = await s.at('greeter', 'page');
	await has(tab, '#answer', 'Ready');
	await until('the answer', async () => {
		await tab.page.click('button');
		return (await tab.page.textContent('#answer')) === 'Hello World!';
	});
	await has(tab, '#heard', 'Hello World!');
});

test('a bot written in C keeps the text of a group', { skip: absent }, async (t) => {
	const s = await serving(t, '--discover', 'local:');
	if (!s || !program(t, s.w, 'editor', '--bot'))
		return;
	const one = await s.at('editor', 'one');
	await has(one, '#status', 'bot');
	for (const words of ['first', 'second']) {
		await one.page.fill('#text', words);
		await one.page.press('#text', 'Enter');
	}
	await one.page.waitForTimeout(300);
	await one.close();
	const two = await s.at('editor', 'two');
	await until('the text', async () => (await two.page.$$eval('#lines li',
		(all) => all.map((li) => li.textContent).join())) === 'first,second');
	const editor = program(t, s.w, 'editor', 'notes', 'bot');
	editor.stdin.write('third\n');
	await has(two, '#lines', 'third');
	editor.stdin.end();
	await until('the text in the terminal', () => editor.said === 'first\nsecond\nthird\n');
});
