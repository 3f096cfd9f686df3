// Groups of tabs and terminals: a crowd that comes at once, who says what to whom, and what
// happens when the node that carries it all is killed.
import assert from 'node:assert/strict';
import test from 'node:test';
import { absent, begin, noPackage, until } from './harness.mjs';

const skip = absent || noPackage;
const CROWD = 20;
const AT_ONCE_MS = 2000, AT_ONCE_MOST_MS = 10_000; // what is wanted; what is too late anywhere
const PATIENCE_MS = 60_000;

const enter = async (_, { key, members }) => {
	globalThis.group = node.group(key);
	globalThis.said = [];
	group.on('message', (m) => said.push([m.from, m.type, m.text, m.alone]));
	await group.ready;
	while (group.members.size < members)
		await new Promise((done) => { group.on('joined', done); setTimeout(done, 100); });
	return [...group.members.values()].map((m) => m.name).sort();
};

test('20 tabs join a group at once', { skip }, async (t) => {
	const w = await begin(t);
	const ada = await w.up('ada');
	const tabs = await w.pages(CROWD, ada);
	for (let i = 0; i < CROWD; i += 4) // twenty renderers at once would have two cores busy for long
		await Promise.all(tabs.slice(i, i + 4).map((tab, k) => tab.join(ada, `tab-${i + k}`, {}, PATIENCE_MS)));
	await Promise.all(tabs.map((tab) => tab.run(async (_, n) => {
		while (node.nodes.size < n)
			await new Promise((done) => { setTimeout(done, 50); });
	}, CROWD, PATIENCE_MS)));
	const began = performance.now();
	const seen = await Promise.all(tabs.map((tab) =>
		tab.run(enter, { key: 'crowd', members: CROWD - 1 }, PATIENCE_MS)));
	const took = Math.round(performance.now() - began);
	t.diagnostic(`${CROWD} tabs were in after ${took} ms (wanted: ${AT_ONCE_MS})`);
	for (const names of seen)
		assert.equal(names.length, CROWD - 1);
	assert.ok(took < AT_ONCE_MOST_MS, `${took} ms`);
	const spread = await tabs[0].run(() => group.broadcast('word', 'all of you'));
	assert.deepEqual(spread, { confirmed: CROWD - 1, unknown: 0 });
	for (const tab of tabs.slice(1)) {
		const said = await tab.run(() => globalThis.said);
		assert.deepEqual(said, [[tabs[0].id, 'word', 'all of you', false]]);
	}
});

test('tabs and a terminal in one group; large ones too', { skip }, async (t) => {
	const w = await begin(t);
	const ada = await w.up('ada');
	const term = w.beside(ada, 'group', 'room', '--listen', '--name', 'term');
	await term.event('state', (e) => e.state === 'joined');
	const [one, two] = await w.pages(2, ada);
	await one.join(ada, 'one');
	await two.join(ada, 'two');
	assert.deepEqual(await one.run(enter, { key: 'room', members: 1 }), ['term']);
	assert.deepEqual(await two.run(enter, { key: 'room', members: 2 }), ['one', 'term']);
	await term.event('joined', (e) => e.name === 'two');
	await one.run(async () => {
		const term = [...group.members.values()].find((m) => m.name === 'term');
		await group.broadcast('line', 'to all');
		await group.send(term.id, 'line', 'to the terminal alone');
		await group.broadcast('large', 'ä'.repeat(700_000));
	});
	await term.event('message', (e) => e.data === 'to all');
	await term.event('message', (e) => e.data === 'to the terminal alone');
	const said = await until('the large one', () => two.run(() => (said.length === 2 ?
		said.map(([, type, text, alone]) => [type, text.length, alone]) : null)));
	assert.deepEqual(said, [['line', 6, false], ['large', 700_000, false]]);
	const line = await w.command('group', '--discover', 'none', '--connect', ada.uri, '--name', 'x',
		'room');
	assert.equal(line.code, 0, line.stderr);
});

test('the group goes on when the node between is killed and comes back', { skip }, async (t) => {
	const w = await begin(t);
	const site = await w.up('site'); // that of the pages stays
	const ada = await w.up('ada');
	const { port } = new URL(ada.origin);
	const [one, two] = await w.pages(2, site);
	await one.join(ada, 'one');
	await two.join(ada, 'two');
	await Promise.all([one.run(enter, { key: 'k', members: 1 }), two.run(enter, { key: 'k', members: 1 })]);
	w.expect(/WebSocket connection .* failed/); // what Chromium says of each try
	await one.run(() => {
		globalThis.states = [];
		group.on('state', (state) => states.push(state));
	});
	await ada.kill();
	await until('the loss to be seen', () => one.run(() => group.members.size === 0));
	const began = performance.now();
	const again = await w.start('up', '--json', '--name', 'again', '--discover', 'none', '--listen',
		`ws://127.0.0.1:${port}`, '--ws-origin', '*').ready();
	await until('both to be back', async () =>
		(await one.run(() => group.members.size === 1)) && two.run(() => group.members.size === 1));
	t.diagnostic(`both were back ${Math.round(performance.now() - began)} ms after the restart`);
	assert.deepEqual(await one.run(() => group.broadcast('word', 'still here')),
		{ confirmed: 1, unknown: 0 });
	await until('the word', () => two.run(() => said.some((m) => m[2] === 'still here')));
	await until('both to say so', async () =>
		(await one.run(() => group.state)) === 'joined' && (await two.run(() => group.state)) === 'joined');
	assert.deepEqual(await one.run(() => globalThis.states.slice(-2)), ['joining', 'joined']);
	assert.ok(again.id !== ada.id);
});
