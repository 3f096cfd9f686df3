/* editor.js - sets, deletes, counts, inserts. What somebody else has changed since it was taken up
 * to be edited is not overwritten unasked; of a key with an owner the owner is asked. */
import { h, field, say } from './dom.js';
import { fromJSON, toJSON } from './format.js';
import { explain } from './errors.js';

const PATIENCE = 5000;          /* for an owner's answer                                    */

export class StateEditor {
	element = h('form', { class: 'editor', 'aria-label': 'Edit an entry' });
	#ctx;
	#done;
	#state;
	#plain = false;                 /* values are text, not JSON                        */
	#version = null;                /* what the value was when it was taken up           */
	#taken = null;                  /* the key that it is of                             */
	#asked = false;                 /* that it was changed meanwhile has been said       */
	#kind = h('select', { onchange: () => this.#show() },
		h('option', { value: 'value' }, 'value'), h('option', { value: 'counter' }, 'counter'),
		h('option', { value: 'element' }, 'element of a set'));
	#key = h('input', { required: true, maxlength: 255, spellcheck: false, autocomplete: 'off' });
	#value = h('textarea', { rows: 3, spellcheck: false, class: 'json' });
	#by = h('input', { type: 'number', step: 1, value: '1' });
	#valueField = field('Value as JSON', this.#value, 'Text stands in quotes: "on"');
	#byField = field('Count by', this.#by);
	#set = h('button', { type: 'submit', class: 'primary' }, 'Set');
	#remove = h('button', { type: 'button', onclick: () => this.#act(() => this.#delete()) }, 'Delete');
	#result = h('output', { class: 'result' });

	constructor(ctx, done) {
		this.#ctx = ctx;
		this.#done = done;
		this.element.append(h('h3', {}, 'Edit'), field('Kind', this.#kind), field('Key', this.#key),
			this.#valueField, this.#byField, h('div', { class: 'row' }, this.#set, this.#remove),
			this.#result);
		this.element.addEventListener('submit', (event) => {
			event.preventDefault();
			this.#act(() => this.#write());
		});
		this.#show();
	}

	open(state, plain) {
		this.#state = state;
		this.#plain = plain;
		say(this.#valueField.querySelector('label'), plain ? 'Value' : 'Value as JSON');
		this.#valueField.querySelector('.help').hidden = plain;
		this.#taken = null;
		say(this.#result, '');
	}

	choose(entry) {
		this.#kind.value = entry.kind;
		this.#key.value = this.#taken = entry.key;
		this.#value.value = this.#plain ? entry.value : toJSON(entry.value, 2);
		this.#version = entry.version;
		this.#asked = false;
		const owner = entry.kind === 'value' && this.#state.owner(entry.key);
		say(this.#result, owner ? `Its owner decides: ${this.#ctx.model.name(owner)}` : '');
		this.#show();
		this.#value.focus();
	}

	#show() {
		const kind = this.#kind.value;
		this.#valueField.hidden = kind === 'counter';
		this.#byField.hidden = kind !== 'counter';
		say(this.#set, { value: 'Set', counter: 'Add', element: 'Insert' }[kind]);
		say(this.#remove, kind === 'element' ? 'Remove' : 'Delete');
	}

	async #act(what) {
		this.#set.disabled = this.#remove.disabled = true;
		try {
			say(this.#result, await what());
		} catch (error) {
			say(this.#result, error instanceof SyntaxError
				? `That is no JSON: ${error.message}. Text stands in quotes.` : explain(error));
		}
		this.#set.disabled = this.#remove.disabled = false;
		this.#done();
	}

	#read() {
		return this.#plain ? this.#value.value : fromJSON(this.#value.value);
	}

	#write() {
		const state = this.#state, key = this.#key.value;
		if (!key)
			return 'Which key? Type it, or choose an entry above.';
		if (this.#kind.value === 'counter') {
			state.add(key, Number(this.#by.value));
			return 'Added.';
		}
		const value = this.#read();
		if (this.#kind.value === 'element') {
			state.insert(key, value);
			return 'Inserted.';
		}
		return this.#change(key, value);
	}

	#delete() {
		const state = this.#state, key = this.#key.value;
		if (this.#kind.value === 'element') {
			state.remove(key, this.#read());
			return 'Removed.';
		}
		return this.#kind.value === 'counter' ? (state.delete(key), 'Deleted.')
			: this.#change(key, undefined);
	}

	async #change(key, value) {
		const state = this.#state, known = key === this.#taken ? this.#version : state.version(key);
		if (state.version(key) !== known && !this.#asked) {
			this.#asked = true;
			return `It was changed meanwhile, to ${toJSON(state.get(key) ?? null)}. Press again to ` +
				'overwrite that.';
		}
		const owner = state.owner(key);
		if (owner && owner !== this.#ctx.node.id) {
			const set = await state.compareAndSet(key, state.version(key), value,
				{ timeout: PATIENCE });
			if (!set)
				return 'Its owner has another value already. Look again, then press again.';
		} else if (value === undefined) {
			state.delete(key);
		} else {
			state.set(key, value);
		}
		this.#taken = key;
		this.#version = state.version(key);
		this.#asked = false;
		return value === undefined ? 'Deleted.' : 'Set.';
	}
}
