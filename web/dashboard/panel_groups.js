/* panel_groups.js - groups by their keys: who is in them, what is said. What others say in groups
 * that this page has not joined is sealed, and not to be seen by it. */
import { h, field, reconcile, say, soon } from './dom.js';
import { cut, hex, plural, preview, time, title } from './format.js';
import { explain } from './errors.js';

const LINES = 200;
const INVITATIONS = 20;         /* that wait for an answer; older ones go                   */
const EVERY = 250;              /* milliseconds between two looks while much comes          */

export class GroupsPanel {
	#ctx;
	#list = h('div');
	#groups = new Map();            /* by key: {group, element, ...}                    */
	#invitations = h('ul', { class: 'invitations' });
	#error = h('p', { class: 'error', role: 'alert' });
	#draw = soon(EVERY, () => this.update());

	constructor(ctx, panel) {
		this.#ctx = ctx;
		const key = h('input', { required: true, spellcheck: false, autocomplete: 'off' });
		panel.append(h('h2', { tabIndex: -1 }, 'Groups'),
			h('form', { onsubmit: (event) => {
				event.preventDefault();
				if (this.#tryToJoin(key.value, key.value))
					key.value = '';
			} }, field('Key of the group', key, 'Who knows it is in, and reads what is said.'),
			h('button', { type: 'submit', class: 'primary' }, 'Join group'), this.#error),
			this.#invitations, this.#list);
		ctx.node.on('invited', (invitation) => this.#invited(invitation));
	}

	close() {
		for (const { group } of this.#groups.values())
			group.leave?.();
	}

	#tryToJoin(key, name) {
		say(this.#error, '');
		try {
			this.#join(key, name);
			return true;
		} catch (e) {
			say(this.#error, explain(e));
			return false;
		}
	}

	#invited({ from, key, note }) {
		const id = `${from} ${hex(key)}`;
		for (const one of [...this.#invitations.children])
			if (one.dataset.id === id || this.#invitations.childElementCount >= INVITATIONS)
				one.remove();
		const li = h('li', { 'data-id': id }, `${this.#ctx.model.name(from)} asks this page into a group` +
			(note.length ? `: ${preview(note)} ` : ' '),
		h('button', { type: 'button', onclick: () => {
			li.remove();
			this.#tryToJoin(key, preview(key, 40));
		} }, 'Accept'), h('button', { type: 'button', class: 'quiet', onclick: () => li.remove() },
			'Ignore'));
		this.#invitations.append(li);
		this.#ctx.announce('An invitation into a group');
	}

	#join(key, name) {
		const id = preview(typeof key === 'string' ? new TextEncoder().encode(key) : key, 600);
		if (this.#groups.has(id))
			throw new Error('This page is in that group.');
		const group = this.#ctx.node.group(key);
		const one = { group, lines: [], state: h('span', { class: 'aside', role: 'status' }),
			members: h('ul', { class: 'members' }), log: h('ol', { class: 'log short' }) };
		one.element = this.#card(one, name, id);
		this.#groups.set(id, one);
		this.#list.append(one.element);
		for (const event of ['state', 'joined', 'left'])
			group.on(event, this.#draw);
		group.on('message', (m) => this.#line(one, m.from, m.type, preview(m.data, 2000), m.alone));
		this.update();
	}

	#card(one, name, id) {
		const text = h('input', { required: true, autocomplete: 'off' });
		const whom = one.whom = h('select', {}, h('option', { value: '' }, 'all members'));
		const error = h('p', { class: 'error', role: 'alert' });
		return h('article', { class: 'group', 'aria-label': `Group ${name}` },
			h('div', { class: 'row' }, h('h3', {}, name), one.state,
				h('button', { type: 'button', class: 'quiet', onclick: () => this.#leave(one, id) },
					'Leave group')),
			one.members, one.log,
			h('form', { onsubmit: async (event) => {
				event.preventDefault();
				const said = text.value;
				text.value = '';
				say(error, '');
				this.#line(one, this.#ctx.node.id, 'text', said, whom.value !== '');
				try {
					await (whom.value ? one.group.send(whom.value, 'text', said)
						: one.group.broadcast('text', said));
				} catch (e) {
					say(error, explain(e));
				}
			} }, field('Message', text), field('To', whom),
			h('button', { type: 'submit' }, 'Say it'), error), this.#inviter(one));
	}

	/* A node that is asked sees the key, and is in if it wants to be. */
	#inviter(one) {
		const node = one.others = h('select', { required: true });
		const note = h('input', { autocomplete: 'off', maxlength: 200 });
		const result = h('output', { class: 'result' });
		return h('details', {}, h('summary', {}, 'Invite a node'),
			h('form', { onsubmit: (event) => {
				event.preventDefault();
				try {
					one.group.invite(node.value, note.value);
					say(result, 'It is asked, and will be in the list when it joins.');
					note.value = '';
				} catch (e) {
					say(result, explain(e));
				}
			} }, field('Node', node), field('Note', note),
			h('button', { type: 'submit' }, 'Invite'), result));
	}

	async #leave(one, id) {
		this.#groups.delete(id);
		one.element.remove();
		await one.group.leave();
	}

	#line(one, from, type, text, alone) {
		one.lines.push({ n: (one.lines.at(-1)?.n ?? 0) + 1, at: new Date(), from, type, text, alone });
		if (one.lines.length > LINES)
			one.lines.shift();
		this.#draw();
	}

	#show(one) {
		reconcile(one.log, [...one.lines].reverse(), (l) => l.n, (l) => h('li', {},
			h('time', {}, time(l.at)), h('b', {}, l.from === this.#ctx.node.id ? 'you'
				: this.#ctx.model.name(l.from)), l.alone ? h('span', { class: 'kind' }, 'alone') : null,
			l.type === 'text' ? null : h('code', {}, l.type),
			h('span', { class: 'content' }, cut(l.text, 400))));
	}

	update() {
		const { nodes, node: own } = this.#ctx.model;
		for (const one of this.#groups.values()) {
			const { group, state, members, whom, others } = one;
			const all = [...group.members.values()];
			say(state, `${group.state}, ${plural(all.length, 'other member')}`);
			reconcile(members, all, (m) => m.id, () => h('li'), (li, m) => say(li, title(m)));
			reconcile(whom, [{ id: '' }, ...all], (m) => m.id, (m) => h('option', { value: m.id }),
				(option, m) => say(option, m.id ? title(m) : 'all members'));
			reconcile(others, [...nodes.values()].filter(({ id }) => id !== own.id &&
				!group.members.has(id)), (n) => n.id, (n) => h('option', { value: n.id }),
			(option, n) => say(option, title(n)));
			this.#show(one);
		}
	}
}
