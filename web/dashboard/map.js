/* map.js - the map: keeps a layout of who is there, draws it while something moves, and lets
 * people move through it by pointer and by keys. One node of it is reached by Tab, the others by
 * arrows; the list under "Nodes" says the same in words. */
import { h, s, announce, say } from './dom.js';
import { nodeLine, title } from './format.js';
import { Layout } from './layout.js';
import { MapDrawing } from './drawing.js';
import { View, isWide, moveByHand } from './view.js';

const SLICE = 7;                /* milliseconds of layout a frame                           */
const FIRST = 160;              /* before the first                                         */
const LABELS = 6;               /* frames between two looks at where names can stand        */

const still = matchMedia('(prefers-reduced-motion: reduce)');

export class MapPanel {
	#ctx;
	#svg = s('svg', { role: 'listbox', 'aria-label': 'Nodes on the map: arrow keys move, Enter ' +
		'selects, plus, minus and 0 zoom' });
	#layout = new Layout();
	#view = new View();
	#drawing;
	#version = -1;
	#frame = 0;
	#frames = 0;
	#focused = null;
	#card = h('div', { class: 'map-card', hidden: true });
	#resizes;

	constructor(ctx, container) {
		this.#ctx = ctx;
		this.#drawing = new MapDrawing(this.#svg);
		container.replaceChildren(h('h2', { class: 'unseen', tabIndex: -1 }, 'Map'), this.#svg,
			this.#tools(), legend(), this.#card);
		moveByHand(this.#svg, this.#view, () => this.#wake());
		this.#svg.addEventListener('click', (event) =>
			ctx.select(event.target.closest?.('[data-id]')?.dataset.id ?? null));
		this.#svg.addEventListener('keydown', (event) => this.#key(event));
		this.#svg.addEventListener('focusin', (event) => this.#focus(event.target.dataset?.id));
		this.#resizes = new ResizeObserver(() => this.#resize(container));
		this.#resizes.observe(container);
		this.#resize(container);
		ctx.model.on('entry', (entry) => this.#spark(entry));
	}

	close() {
		this.#resizes.disconnect();
		cancelAnimationFrame(this.#frame);
	}

	update() {
		const { model } = this.#ctx;
		if (model.version !== this.#version) {
			this.#version = model.version;
			if (this.#layout.update([...model.nodes.keys()], model.edges))
				this.#first();
		}
		this.#drawing.change(model, this.#ctx.selected, this.#focused ?? this.#ctx.selected ??
			model.node.id);
		this.#showCard();
		this.#wake();
	}

	/** Somebody was chosen, here or elsewhere. */
	selected(id) {
		const at = id && this.#layout.position(id);
		if (at)
			this.#view.reveal(at, still.matches);
		this.#focused = id ?? this.#focused;
		this.update();
	}

	#first() {
		const end = performance.now() + (still.matches ? Infinity : FIRST);
		this.#layout.run(() => performance.now() > end);
		if (this.#view.isWide !== isWide(this.#points()))
			this.#layout.transpose();
		this.#view.follow(this.#points(), true);
	}

	#points() {
		return this.#layout.ids.map((id) => this.#layout.position(id));
	}

	#resize(container) {
		const { width, height } = container.getBoundingClientRect();
		if (width < 2)
			return;
		this.#view.resize(width, height);
		this.#view.follow(this.#points(), true);
		this.#svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
		this.#wake();
	}

	#wake() {
		this.#frame ||= requestAnimationFrame(() => this.#draw());
	}

	#draw() {
		const end = performance.now() + SLICE, calm = this.#layout.calm;
		this.#frame = 0;
		this.#layout.run(() => !still.matches && performance.now() > end);
		if (!calm || this.#frames === 0)
			this.#view.follow(this.#points(), still.matches);
		const easing = this.#view.ease();
		const moving = easing || !this.#layout.calm;
		this.#drawing.place(this.#layout, this.#view, !moving || this.#frames % LABELS === 0);
		this.#frames++;
		if (moving)
			this.#wake();
	}

	#tools() {
		const zoom = (factor) => () => {
			this.#view.zoom(factor);
			this.#wake();
		};
		const button = (text, label, onclick) => h('button', { type: 'button', class: 'tool',
			'aria-label': label, title: label, onclick }, text);
		const names = h('input', { type: 'search', placeholder: 'Find a node', 'aria-label':
			'Find a node on the map', autocomplete: 'off', spellcheck: false,
		onkeydown: (event) => {
			if (event.key === 'Enter')
				event.target.setAttribute('aria-invalid', !this.#find(event.target.value));
		} });
		return h('div', { class: 'map-tools' }, names, button('+', 'Zoom in', zoom(1.4)),
			button('−', 'Zoom out', zoom(1 / 1.4)),
			button('⤢', 'Show all', () => this.#all()));
	}

	#all() {
		this.#view.following = true;
		this.#view.follow(this.#points(), still.matches);
		this.#wake();
	}

	#find(text) {
		const wanted = text.trim().toLowerCase(), all = [...this.#ctx.model.nodes.values()];
		const found = all.find((n) => title(n).toLowerCase() === wanted) ?? all.find((n) =>
			wanted && (n.name.toLowerCase().startsWith(wanted) || n.id.startsWith(wanted)));
		if (found)
			this.#ctx.select(found.id);
		else
			announce(`No node is called ${text}`);
		return Boolean(found);
	}

	#focus(id) {
		if (!id || id === this.#focused)
			return;
		this.#focused = id;
		this.#drawing.tabStop(id);
		this.#view.reveal(this.#layout.position(id), still.matches);
		this.#wake();
	}

	#key(event) {
		const id = event.target.dataset?.id;
		const ways = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
		const actions = {
			'Enter': () => this.#ctx.select(id), ' ': () => this.#ctx.select(id),
			'Escape': () => this.#ctx.select(null), '0': () => this.#all(),
			'+': () => this.#view.zoom(1.4), '-': () => this.#view.zoom(1 / 1.4),
		};
		if (event.ctrlKey || event.metaKey || event.altKey)
			return;
		if (ways[event.key] && id)
			this.#drawing.element(this.#towards(id, ways[event.key]))?.focus();
		else if (actions[event.key])
			actions[event.key]();
		else
			return;
		event.preventDefault();
		this.#wake();
	}

	/* The nearest in this direction: who lies off it counts as farther. */
	#towards(id, [dx, dy]) {
		const from = this.#layout.position(id);
		let best = id, least = Infinity;
		for (const other of this.#layout.ids) {
			const p = this.#layout.position(other);
			const along = (p.x - from.x) * dx + (p.y - from.y) * dy;
			const off = Math.abs((p.x - from.x) * dy) + Math.abs((p.y - from.y) * dx);
			if (other !== id && along > 1e-6 && along + 2.5 * off < least) {
				least = along + 2.5 * off;
				best = other;
			}
		}
		return best;
	}

	#spark({ kind, from }) {
		if (!still.matches && (kind === 'message' || kind === 'event'))
			this.#drawing.spark(() => this.#ctx.model.route(from));
	}

	#showCard() {
		const { model, selected } = this.#ctx, node = model.nodes.get(selected);
		this.#card.hidden = !node;
		if (!node)
			return;
		if (this.#card.dataset.id !== node.id) {
			this.#card.dataset.id = node.id;
			this.#card.replaceChildren(h('p', { class: 'card-title' }), h('p', { class: 'card-line' }),
				h('button', { type: 'button', onclick: () => this.#ctx.show('nodes', true) }, 'Details'),
				h('button', { type: 'button', class: 'quiet', 'aria-label': 'Deselect',
					onclick: () => this.#ctx.select(null) }, '✕'));
		}
		say(this.#card.children[0], title(node));
		say(this.#card.children[1], nodeLine(node, model));
	}
}

function legend() {
	const sample = (cls, text) => h('li', {}, s('svg', { viewBox: '-8 -8 16 16', class: 'sample',
		'aria-hidden': 'true' }, s('g', { class: `node ${cls}` }, s('circle', { class: 'body', r: 5 }),
		cls === 'busy' ? s('circle', { class: 'load', r: 7, pathLength: 255,
			'stroke-dasharray': '150 255', transform: 'rotate(-90)' }) : null)), text);
	return h('details', { class: 'legend' }, h('summary', {}, 'Legend'), h('ul', {},
		sample('self', 'this page'), sample('member', 'member, relays'),
		sample('endpoint', 'endpoint, relays nothing'), sample('observer', 'observer'),
		sample('visitor', 'visitor'), sample('busy', 'load of its services')),
	h('p', {}, 'A thicker line is a faster link.'));
}
