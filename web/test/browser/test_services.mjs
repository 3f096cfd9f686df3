// Services between tabs and native programs, as functions.
import assert from 'node:assert/strict';
import test from 'node:test';
import { absent, begin, noPackage, until } from './harness.mjs';

const skip = absent || noPackage;

test('a tab calls a native service, and a terminal calls one of a tab', { skip }, async (t) => {
	const w = await begin(t);
	const ada = await w.up('ada');
	const bob = w.beside(ada, 'serve', '--name', 'bob', 'words', 'reverse', '--', 'rev');
	await bob.event('ready');
	const tab = await w.page(ada);
	await tab.join(ada, 'tab');
	const reversed = await tab.run(async () => {
		node.serve('math', {
			'idempotent add(a: int, b: int) -> int': (a, b) => a + b,
			fail() { throw new Error('never'); },
		}, { version: '1' });
		await node.waitFor('bob');
		while (!node.services().some((s) => s.name === 'words'))
			await node.once('service-up');
		return node.service('words').reverse('stressed');
	});
	assert.equal(reversed, 'desserts');
	const called = await until('the service of the tab', async () => {
		const r = await w.visit(ada, 'call', 'math.add', '[2, 40]');
		return r.code === 0 && r;
	});
	assert.equal(called.stdout.trim(), '42');
	const failed = await w.visit(ada, 'call', 'math.fail');
	assert.equal(failed.code, 1);
	assert.match(failed.stderr, /never/);
});

test('tabs call each other, with progress, and hear events', { skip }, async (t) => {
	const w = await begin(t);
	const ada = await w.up('ada');
	const [one, two] = await w.pages(2, ada);
	await one.join(ada, 'one');
	await two.join(ada, 'two');
	await one.run(() => {
		globalThis.offer = node.serve('math', {
			add: (a, b) => a + b,
			async* count(n) {
				for (let i = 1; i < n; i++)
					yield i;
				return n;
			},
		}, { events: ['added(sum: int)'] });
	});
	const got = await two.run(async () => {
		while (!node.services().some((s) => s.name === 'math'))
			await node.once('service-up');
		const math = node.service('math');
		const steps = [];
		globalThis.sums = [];
		math.$on('added', (sum) => sums.push(sum));
		return {
			sum: await math.add(2, 40),
			last: await math.$with({ onprogress: (step) => steps.push(step) }).count(3),
			steps,
			missing: await math.subtract(1, 2).catch((e) => e.code),
			bytes: await math.add('a', 'b'),
		};
	});
	assert.deepEqual(got, { sum: 42, last: 3, steps: [1, 2], missing: 'NO_METHOD', bytes: 'ab' });
	await until('the event', async () => {
		await one.run(() => { offer.emit('added', 42); });
		return two.run(() => sums.includes(42));
	});
	await one.run(() => node.close());
	await until('the service to be gone', () => two.run(() => node.services().length === 0));
});
