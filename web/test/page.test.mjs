// What a node hears of its page.
import { it } from 'node:test';
import assert from 'node:assert/strict';

import { watchPage } from '../src/page.js';

const ROWS = [
	['window', 'pagehide', { persisted: false }, ['leave']],
	['window', 'pagehide', { persisted: true }, ['hangUp']],
	['window', 'pageshow', { persisted: false }, []],
	['window', 'pageshow', { persisted: true }, ['wake']],
	['window', 'online', {}, ['wake']],
	['window', 'offline', {}, []],
	['document', 'resume', {}, ['wake']],
	['document', 'freeze', {}, []],
	['document', 'visibilitychange', { visibilityState: 'visible' }, ['wake']],
	['document', 'visibilitychange', { visibilityState: 'hidden' }, []],
];

function page() {
	const window = Object.assign(new EventTarget(), { document: new EventTarget() });
	const told = [], controller = new AbortController();

	watchPage({ leave: () => told.push('leave'), hangUp: () => told.push('hangUp'),
		wake: () => told.push('wake'), signal: controller.signal }, window);
	return { window, document: window.document, told, controller };
}

for (const [where, type, what, told] of ROWS)
	it(`${type} ${JSON.stringify(what)}: ${told[0] ?? 'nothing'}`, () => {
		const p = page();

		Object.assign(p.document, what);
		p[where].dispatchEvent(Object.assign(new Event(type), what));
		assert.deepEqual(p.told, told);
	});

it('that is closed is told nothing', () => {
	const p = page();

	p.controller.abort();
	p.window.dispatchEvent(new Event('online'));
	p.window.dispatchEvent(Object.assign(new Event('pagehide'), { persisted: false }));
	assert.deepEqual(p.told, []);
});

it('is nothing where there is no page', () => {
	watchPage({ signal: new AbortController().signal }, {});
});
