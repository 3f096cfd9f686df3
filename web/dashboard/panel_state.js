/* panel_state.js - shared maps: opens one by its name, shows what is in it as it changes. What is
 * chosen is edited below the list by editor.js. */
import { h, field, reconcile, say, soon } from './dom.js';
import { bytes, cut, plural, toJSON } from './format.js';
import { StateEditor } from './editor.js';
import { explain } from './errors.js';

const SHOWN = 500;
const FLASH = 1500;             /* milliseconds that a change is marked                     */
const EVERY = 250;              /* between two looks while much changes                     */

export class StatePanel {
	#ctx;
	#state = null;
	#off = null;
	#chosen = null;                 /* the key of a row                                 */
	#changed = new Map();           /* row -> when                                      */
	#editor;
	#error = h('p', { class: 'error', role: 'alert' });
	#about = h('p', { class: 'aside', role: 'status' });
	#prefix = h('input', { type: 'search', placeholder: 'Keys that begin with', 'aria-label':
		'Keys that begin with', spellcheck: false, oninput: () => this.update() });
	#body = h('tbody');
	#open = h('div', { hidden: true });
	#draw = soon(EVERY, () => this.update());

	constructor(ctx, panel) {
		this.#ctx = ctx;
		this.#editor = new StateEditor(ctx, () => this.update());
		const name = h('input', { required: true, maxlength: 63, spellcheck: false,
			autocomplete: 'off' });
		const perNode = h('input', { type: 'checkbox' });
		const encoding = h('select', {}, h('option', { value: 'msgpack' }, 'MessagePack, as programs say'),
			h('option', { value: 'text' }, 'text, as "leno state set" does'));
		const table = h('table', { class: 'state-table' },
			h('caption', { class: 'unseen' }, 'Entries of the map'),
			h('thead', {}, h('tr', {}, ['Key', 'Value', 'By'].map((t) => h('th', { scope: 'col' }, t)))),
			this.#body);
		this.#open.append(h('div', { class: 'row' }, this.#prefix, this.#about), table,
			this.#editor.element);
		panel.append(h('h2', { tabIndex: -1 }, 'State'),
			h('form', { onsubmit: (event) => {
				event.preventDefault();
				this.#share(name.value, { perNode: perNode.checked, encoding: encoding.value });
			} }, field('Name of the map', name, 'This page has a copy of it while it is open here.'),
			field('Values are', encoding),
			h('label', { class: 'tick' }, perNode, 'Each node has values of its own'),
			h('button', { type: 'submit', class: 'primary' }, 'Open map'), this.#error), this.#open);
	}

	close() {
		this.#off?.();
		this.#state = null;
	}

	#share(name, options) {
		say(this.#error, '');
		this.#off?.();
		this.#state?.unshare();
		this.#state = this.#off = null;
		this.#open.hidden = true;
		try {
			this.#state = this.#ctx.node.state(name, options);
		} catch (error) {
			say(this.#error, explain(error));
			return;
		}
		this.#off = this.#state.watch('', (change) => {
			if (!this.#body.checkVisibility())
				return;               // it is drawn anew when it is shown
			if (this.#changed.size < SHOWN)
				this.#changed.set(rowOf(change), performance.now());
			this.#draw();
		});
		this.#state.on('failed', (error) => say(this.#error, explain(error)));
		const state = this.#state;
		state.ready.then(() => this.update(), (error) => {
			if (state === this.#state)
				say(this.#error, explain(error));
		});
		this.#chosen = null;
		this.#open.hidden = false;
		this.#editor.open(this.#state, options.encoding === 'text');
		this.update();
	}

	update() {
		const state = this.#state;
		if (!state)
			return;
		const all = state.each(this.#prefix.value), { memory, sharers } = state.info();
		all.sort((a, b) => a.key < b.key ? -1 : a.key > b.key ? 1 : rowOf(a) < rowOf(b) ? -1 : 1);
		say(this.#about, `${state.name}: ${plural(all.length, 'entry').replace('entrys', 'entries')}${
			all.length > SHOWN ? ` (the first ${SHOWN} shown)` : ''}, ${bytes(memory)}, ${
			plural(sharers, 'sharer')}${state.synced ? '' : ', still being fetched'}`);
		const now = performance.now();
		for (const [row, at] of this.#changed)
			if (now - at > FLASH)
				this.#changed.delete(row);
		reconcile(this.#body, all.slice(0, SHOWN), rowOf, (e) => this.#row(e), (row, e) => {
			const [key, value, by] = row.children;
			row.classList.toggle('chosen', this.#chosen === rowOf(e));
			row.classList.toggle('changed', this.#changed.has(rowOf(e)));
			key.firstChild.setAttribute('aria-pressed', this.#chosen === rowOf(e));
			say(value.firstChild, cut(toJSON(e.value), 200));
			say(by, e.by ? this.#ctx.model.name(e.by) : '');
		});
	}

	#row(e) {
		return h('tr', {}, h('td', {}, h('button', { type: 'button', class: 'pick', onclick: () => {
			this.#chosen = rowOf(e);
			this.#editor.choose(e);
			this.update();
		} }, e.key), e.kind === 'value' ? null : h('small', {}, e.kind === 'counter' ? 'counter' :
			'in a set')), h('td', { class: 'value' }, h('code', {})), h('td', {}));
	}
}

function rowOf(e) {
	return `${e.kind} ${e.key} ${e.kind === 'element' ? toJSON(e.value) : ''}`;
}
