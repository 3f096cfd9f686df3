/* panel_traffic.js - what comes to this node as it comes: messages, events, who came and went.
 * While somebody reads further down, or has paused it, nothing moves below their eyes. */
import { h, field, reconcile, say, soon } from './dom.js';
import { cut, fromInput, plural, time } from './format.js';
import { explain } from './errors.js';

const SHOWN = 200;
const EVERY = 250;              /* milliseconds between two looks while much comes          */
const KINDS = [['message', 'Messages'], ['event', 'Events'], ['node', 'Nodes'], ['link', 'Links']];

export class TrafficPanel {
	#ctx;
	#kinds = new Set(KINDS.map(([key]) => key));
	#paused = null;                 /* the entries as they were                        */
	#filter = h('input', { type: 'search', placeholder: 'Type, name or content',
		'aria-label': 'Filter traffic', spellcheck: false, oninput: () => this.update() });
	#list = h('ol', { class: 'log', 'aria-label': 'Traffic, newest first', tabIndex: 0 });
	#nothing = h('p', { class: 'empty' }, 'Nothing yet. Messages, events, and who comes and goes are ' +
		'shown as they reach this page.');
	#count = h('span', { class: 'aside' });
	#pause = h('button', { type: 'button', 'aria-pressed': 'false', onclick: () => this.#hold() },
		'Pause');

	constructor(ctx, panel) {
		this.#ctx = ctx;
		const kinds = KINDS.map(([key, name]) => h('label', { class: 'tick' }, h('input', {
			type: 'checkbox', checked: true, onchange: (event) => {
				this.#kinds[event.target.checked ? 'add' : 'delete'](key);
				this.update();
			} }), name));
		panel.append(h('h2', { tabIndex: -1 }, 'Traffic'), this.#emitter(),
			h('div', { class: 'row' }, this.#filter, this.#pause),
			h('fieldset', { class: 'choice' }, h('legend', { class: 'unseen' }, 'Show'), ...kinds,
				this.#count), this.#nothing, this.#list);
		const draw = soon(EVERY, () => this.update());
		ctx.model.on('entry', () => {
			if (!this.#paused && panel.checkVisibility())
				draw();
		});
	}

	#hold() {
		this.#paused = this.#paused ? null : [...this.#ctx.model.entries];
		this.#pause.setAttribute('aria-pressed', this.#paused !== null);
		this.update();
	}

	update() {
		const { model } = this.#ctx, wanted = this.#filter.value.trim().toLowerCase();
		const all = (this.#paused ?? model.entries).filter((e) => this.#kinds.has(e.kind) &&
			(!wanted || `${e.type} ${model.name(e.from)} ${e.text}`.toLowerCase().includes(wanted)));
		say(this.#count, plural(all.length, 'entry').replace('entrys', 'entries') +
			(all.length > SHOWN ? `, ${SHOWN} shown` : ''));
		this.#nothing.hidden = model.entries.length > 0;
		const top = this.#list.scrollTop, tall = this.#list.scrollHeight;
		reconcile(this.#list, all.slice(-SHOWN).reverse(), (e) => e.n, (e) => this.#entry(e));
		if (top > 0)
			this.#list.scrollTop = top + this.#list.scrollHeight - tall;
	}

	#entry(e) {
		const { text } = e, from = this.#ctx.model.name(e.from);
		const head = [h('time', { dateTime: e.at.toISOString() }, time(e.at)),
			h('span', { class: `kind ${e.kind}` }, e.broadcast ? 'broadcast' : e.kind),
			h('b', {}, from), h('code', {}, e.type)];
		return text.length < 60
			? h('li', {}, ...head, h('span', { class: 'content' }, text))
			: h('li', {}, h('details', {}, h('summary', {}, ...head,
				h('span', { class: 'content' }, cut(text, 60))), h('pre', {}, text)));
	}

	/* To say something oneself: an event, or a message to all. */
	#emitter() {
		const name = h('input', { spellcheck: false, placeholder: 'lamp.switched' });
		const value = h('input', { spellcheck: false, placeholder: '{"on": true}' });
		const result = h('output', { class: 'result' });
		const act = (what) => async () => {
			try {
				say(result, await what());
			} catch (error) {
				say(result, explain(error));
			}
		};
		const { node } = this.#ctx;
		return h('details', {}, h('summary', {}, 'Say something'),
			field('Event, or type of the message', name), field('Value (JSON) or text', value),
			h('div', { class: 'row' },
				h('button', { type: 'button', onclick: act(() => {
					const missed = node.emit(name.value, fromInput(value.value));
					return missed ? `${plural(missed, 'queue')} had no room for it.` : 'Emitted.';
				}) }, 'Emit event'),
				h('button', { type: 'button', onclick: act(async () => {
					const { confirmed, unknown } = await node.broadcast(name.value, value.value);
					return `Confirmed by ${plural(confirmed, 'node')}${
						unknown ? `, unknown of ${unknown}` : ''}.`;
				}) }, 'Broadcast message')), result);
	}
}
