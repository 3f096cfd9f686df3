/* panel_nodes.js - who is there: the map in words, and all that is known of one of them. */
import { h, reconcile, roving, say, set } from './dom.js';
import { load, milliseconds, plural, title } from './format.js';
import { NodeDetails } from './details.js';

const COLUMNS = [
	['name', 'Name', (a, b) => title(a).localeCompare(title(b), undefined, { numeric: true })],
	['rtt', 'Round trip', (a, b) => (a.rtt || 1e9) - (b.rtt || 1e9)],
	['hops', 'Hops', (a, b) => a.hops - b.hops],
	['degree', 'Links', (a, b) => b.degree - a.degree],
	['load', 'Load', (a, b) => b.load - a.load],
];

export class NodesPanel {
	#ctx;
	#details;
	#order = 'name';
	#down = false;
	#filter = h('input', { type: 'search', placeholder: 'Name, id, role or label', 'aria-label':
		'Filter nodes', spellcheck: false, oninput: () => this.update() });
	#count = h('p', { class: 'aside', role: 'status' });
	#body = h('tbody');
	#heads;

	constructor(ctx, panel) {
		this.#ctx = ctx;
		this.#details = new NodeDetails(ctx);
		this.#heads = COLUMNS.map(([key, name]) => h('th', { scope: 'col', class: `c-${key}` },
			h('button', { type: 'button', class: 'sort', onclick: () => this.#sort(key) }, name)));
		roving(this.#body, '.pick');
		panel.append(h('h2', { tabIndex: -1 }, 'Nodes'), this.#details.element,
			h('div', { class: 'row' }, this.#filter, this.#count),
			h('table', { class: 'nodes-table' }, h('caption', { class: 'unseen' }, 'All nodes'),
				h('thead', {}, h('tr', {}, this.#heads)), this.#body));
	}

	select() {
		this.#details.select();
		this.update();
	}

	#sort(key) {
		this.#down = this.#order === key && !this.#down;
		this.#order = key;
		this.update();
	}

	update() {
		const { model, selected } = this.#ctx, wanted = this.#filter.value.trim().toLowerCase();
		const compare = COLUMNS.find(([key]) => key === this.#order)[2];
		const all = [...model.nodes.values()].filter((n) => matches(n, wanted))
			.sort((a, b) => (this.#down ? -1 : 1) * compare(a, b) || (a.id < b.id ? -1 : 1));
		this.#heads.forEach((head, i) => head.setAttribute('aria-sort', COLUMNS[i][0] !== this.#order
			? 'none' : this.#down ? 'descending' : 'ascending'));
		say(this.#count, wanted ? `${all.length} of ${plural(model.nodes.size, 'node')}`
			: plural(all.length, 'node'));
		reconcile(this.#body, all, (n) => n.id, (n) => this.#row(n), (row, n) => {
			const [name, rtt, hops, degree, busy] = row.children;
			const self = n.id === model.node.id;
			row.classList.toggle('chosen', n.id === selected);
			set(name.firstChild, 'aria-pressed', n.id === selected);
			say(name.firstChild, title(n));
			say(name.lastChild, self ? 'this page' : n.role === 'member' ? '' : n.role);
			say(rtt, self ? '' : milliseconds(n.rtt));
			say(hops, self ? '' : String(n.hops));
			say(degree, String(n.degree));
			showLoad(busy.firstChild, n.load);
		});
		if (!this.#body.querySelector('.pick[tabindex="0"]'))
			this.#body.querySelector('.pick')?.setAttribute('tabindex', 0);
		this.#details.update();
	}

	#row(n) {
		const pick = h('button', { type: 'button', class: 'pick', tabIndex: -1, onclick: () =>
			this.#ctx.select(this.#ctx.selected === n.id ? null : n.id) });
		return h('tr', {}, h('td', {}, pick, h('small', {})), h('td', { class: 'number' }),
			h('td', { class: 'number' }), h('td', { class: 'number' }),
			h('td', {}, h('div', { class: 'load-bar', role: 'meter', 'aria-label': 'Load',
				'aria-valuemin': 0, 'aria-valuemax': 100 }, h('div'))));
	}
}

function showLoad(bar, value) {
	bar.hidden = value === 0;
	if (bar.getAttribute('aria-valuetext') === load(value))
		return;
	bar.setAttribute('aria-valuenow', Math.min(100, Math.round(value / 1.28)));
	bar.setAttribute('aria-valuetext', load(value));
	bar.firstChild.style.width = `${value / 2.55}%`;
}

function matches(node, wanted) {
	return !wanted || node.name.toLowerCase().includes(wanted) || node.id.startsWith(wanted) ||
		node.role.startsWith(wanted) ||
		Object.entries(node.labels).some(([k, v]) => `${k}=${v}`.toLowerCase().includes(wanted));
}
