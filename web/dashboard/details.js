/* details.js - all that is known of the node that was selected: asked of itself now and then. */
import { h, field, say } from './dom.js';
import { bytes, cost, duration, load, milliseconds, plural, preview, title }
	from './format.js';
import { decode } from './leno.js';
import { explain } from './errors.js';

const EVERY = 5000;             /* between two questions how it is                          */
const LINKS = 8;                /* that are named, the fastest first                        */
const STATUS = 'leno/status';   /* docs/protocol.md                                         */

export class NodeDetails {
	element = h('article', { class: 'details', hidden: true, 'aria-label': 'Selected node' });
	#ctx;
	#id = null;
	#asked = -Infinity;
	#facts = h('dl', { class: 'facts' });
	#status = h('dl', { class: 'facts' });
	#trouble = h('p', { class: 'aside' });
	#result = h('output', { class: 'result' });

	constructor(ctx) {
		this.#ctx = ctx;
	}

	select() {
		const { selected, node } = this.#ctx;
		if (selected === this.#id)
			return;
		this.#id = selected;
		this.#asked = -Infinity;
		this.element.hidden = !selected;
		if (!selected)
			return;
		const info = this.#ctx.model.nodes.get(selected);
		say(this.#trouble, '');
		say(this.#result, '');
		this.#status.replaceChildren();
		this.element.replaceChildren(
			h('div', { class: 'row' }, h('h3', {}, info ? title(info) : selected.slice(0, 8)),
				h('button', { type: 'button', class: 'quiet', 'aria-label': 'Deselect',
					onclick: () => this.#ctx.select(null) }, '✕')),
			this.#facts, this.#status, this.#trouble,
			selected === node.id ? '' : this.#actions());
	}

	update() {
		const { model, selected, node } = this.#ctx, info = model.nodes.get(selected);
		if (!selected)
			return;
		if (!info) {
			say(this.#trouble, 'It has gone.');
			return;
		}
		facts(this.#facts, [
			['Id', info.id], ['Role', info.role],
			['Way', selected === node.id ? 'this page' : this.#way(info)],
			['Round trip', selected === node.id ? '' : milliseconds(info.rtt)],
			['Links', links(model, selected)],
			['Labels', Object.entries(info.labels).map(([k, v]) => v ? `${k}=${v}` : k).join(', ')],
			['Services', model.services.filter((s) => s.node === selected).map((s) =>
				`${s.name} ${s.version}${s.load ? `, load ${load(s.load)}` : ''}`).join('; ')],
			['Our link', ourLink(model.links.find((l) => l.id === selected))],
		]);
		if (selected !== node.id && performance.now() - this.#asked > EVERY)
			this.#ask(selected);
	}

	#way(info) {
		const way = this.#ctx.model.route(info.id).slice(1).map((id) => this.#ctx.model.name(id));
		return info.hops === 1 ? 'direct' : `${plural(info.hops, 'hop')}: ${way.join(' → ')}`;
	}

	async #ask(id) {
		this.#asked = performance.now();
		try {
			const status = decode(await this.#ctx.node.request(id, STATUS, undefined,
				{ timeout: EVERY }));
			if (id === this.#id)
				facts(this.#status, statusFacts(status));
			if (id === this.#id && this.#ctx.model.nodes.has(id))
				say(this.#trouble, '');
		} catch (error) {
			if (id === this.#id)
				say(this.#trouble, `How it is cannot be told: ${explain(error)}`);
		}
	}

	#actions() {
		const { node } = this.#ctx, id = this.#id;
		const type = h('input', { value: 'note', maxlength: 63, spellcheck: false });
		const text = h('input', { spellcheck: false });
		const act = (what) => async (event) => {
			const button = event.currentTarget;
			button.disabled = true;
			say(this.#result, '…');
			try {
				const said = await what();
				if (id === this.#id)
					say(this.#result, said);
			} catch (error) {
				if (id === this.#id)
					say(this.#result, explain(error));
			}
			button.disabled = false;
		};
		const button = (name, what) => h('button', { type: 'button', onclick: act(what) }, name);
		return h('div', { class: 'actions' },
			h('div', { class: 'row' },
				button('Ping', async () => `Round trip ${milliseconds(await node.ping(id))}`),
				button('Compare clocks', async () => clock(await node.compareClock(id)))),
			h('details', {}, h('summary', {}, 'Send it something'),
				field('Type', type), field('Text', text),
				h('div', { class: 'row' },
					button('Send', async () => {
						await node.send(id, type.value, text.value);
						return 'Confirmed: it has taken the message.';
					}),
					button('Request', async () => `It answered: ${
						preview(await node.request(id, type.value, text.value), 2000) || '(nothing)'}`))),
			this.#result);
	}
}

function links(model, id) {
	const all = [...model.neighbours(id)].sort(([, a], [, b]) => a - b);
	const some = all.slice(0, LINKS).map(([other, c]) => `${model.name(other)} (${cost(c)})`);
	return some.join(', ') + (all.length > LINKS ? ` and ${all.length - LINKS} more` : '');
}

function clock({ offset, rtt }) {
	const ms = milliseconds(Math.abs(offset)), give = milliseconds(rtt / 2);
	return `Its clock is ${ms} ${offset < 0 ? 'behind' : 'ahead of'} this one, give or take ${give}.`;
}

function ourLink(link) {
	return link && `${link.uri || 'accepted'}, ${duration(link.age)}, ${bytes(link.bytesOut)} out, ` +
		`${bytes(link.bytesIn)} in`;
}

function statusFacts(s) {
	return [
		['Version', s.version], ['Up', s.uptime_ms && duration(s.uptime_ms)],
		['Sees', s.nodes && `${plural(s.nodes, 'node')}, ${plural(s.links ?? 0, 'link')}, ${
			plural(s.sessions ?? 0, 'session')}`],
		['Memory', s.memory_max && `${bytes(s.memory ?? 0)} of ${bytes(s.memory_max)} waiting${
			s.resident ? `; process ${bytes(s.resident)}` : ''}`],
		['Processor', s.cpu && `${(s.cpu / 10).toFixed(1)} %`],
		['Calls', s.services?.map(([name, , , running, waiting]) =>
			`${name}: ${running} running, ${waiting} waiting`).join('; ')],
		['Commands', s.commands?.join(', ')],
	];
}

/* Rows of a list of facts; those without a value are left out. */
function facts(list, rows) {
	const there = rows.filter(([, value]) => value);
	while (list.children.length > there.length)
		list.lastChild.remove();
	there.forEach(([name, value], i) => {
		if (!list.children[i])
			list.append(h('div', {}, h('dt'), h('dd')));
		say(list.children[i].firstChild, name);
		say(list.children[i].lastChild, String(value));
	});
}
