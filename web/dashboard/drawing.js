/* drawing.js - the elements of the map: one for each link, node and name. map.js says what there
 * is and where. Sizes are pixels whatever the zoom, so that names stay readable. */
import { s, reconcile, say, set } from './dom.js';
import { cost, load, nodeLine, title } from './format.js';
import { anchorOf, placeLabels } from './labels.js';

const ARC = 2;                  /* pixels around a node for the arc of its load             */
const COSTS = 14;               /* links of one node that show their cost                   */
const HUBS = 12, HUB = 6;       /* so many with so many links have their names in any case */
const MANY = 150;               /* links, which are drawn finer                             */
const SPARK = 700;              /* milliseconds that a way shines                           */
const SPARKS = 120;             /* and at least between two                                 */

const pen = document.createElement('canvas').getContext('2d');
const widths = new Map();

function widthOf(text) {
	if (!widths.has(text)) {
		if (widths.size > 4000)
			widths.clear();
		pen.font = '11px system-ui, sans-serif';
		widths.set(text, pen.measureText(text).width + 3);
	}
	return widths.get(text);
}

export class MapDrawing {
	#links = s('g', { class: 'links', 'aria-hidden': 'true' });
	#route = s('polyline', { class: 'route', 'aria-hidden': 'true' });
	#nodes = s('g', { class: 'nodes', role: 'presentation' });
	#names = s('g', { class: 'names', 'aria-hidden': 'true' });
	#costs = s('g', { class: 'costs', 'aria-hidden': 'true' });
	#model;
	#selected;
	#way = [];
	#list = [];                     /* {id, el, label, r}, the most important first     */
	#byId = new Map();
	#edges = [];                    /* {a, b, el}                                       */
	#sides = new Map();
	#sparked = 0;

	constructor(svg) {
		svg.append(this.#links, this.#route, this.#nodes, this.#names, this.#costs);
	}

	element(id) { return this.#byId.get(id)?.el; }

	tabStop(id) {
		for (const one of this.#list)
			set(one.el, 'tabindex', one.id === id ? 0 : -1);
	}

	/** Who is there, and how they are. */
	change(model, selected, stop) {
		this.#model = model;
		this.#selected = selected;
		this.#way = selected ? model.route(selected) : [];
		const rank = (n) => n.id === model.node.id ? 1e9 : n.id === selected ? 1e8 : n.degree;
		const nodes = [...model.nodes.values()].sort((a, b) => a.id < b.id ? -1 : 1);
		reconcile(this.#nodes, nodes, (n) => n.id, makeNode, (el, n) => this.#dress(el, n));
		reconcile(this.#names, nodes, (n) => n.id, () => s('text'), (el, n) => {
			say(el, title(n));
			set(el, 'class', n.id === selected ? 'chosen' : this.#way.includes(n.id)
				? 'on-way' : n.degree >= HUB ? 'hub' : '');
		});
		this.#list = nodes.map((n, i) => ({ id: n.id, degree: n.degree, w: widthOf(title(n)),
			el: this.#nodes.children[i], label: this.#names.children[i],
			rank: rank(n), arc: n.id === selected ? ARC + 3 : ARC,
			must: n.id === model.node.id || this.#way.includes(n.id) }))
			.sort((a, b) => b.rank - a.rank);
		this.#list.forEach((one, i) => { one.must ||= i < HUBS && one.degree >= HUB; });
		this.#byId = new Map(this.#list.map((one) => [one.id, one]));
		this.tabStop(this.#byId.has(stop) ? stop : model.node.id);
		this.#changeLinks();
	}

	#dress(el, node) {
		const self = node.id === this.#model.node.id, chosen = node.id === this.#selected;
		const label = `${title(node)}: ${nodeLine(node, this.#model)}` +
			(node.load > 0 ? `, load ${load(node.load)}` : '');
		set(el, 'class', `node ${self ? 'self' : node.role}${chosen ? ' chosen' : ''}`);
		set(el, 'aria-label', label);
		set(el, 'aria-selected', chosen);
		say(el.firstChild, label);
		set(el.querySelector('.load'), 'stroke-dasharray', `${node.load} 255`);
	}

	#changeLinks() {
		const { edges, node: { id: self } } = this.#model;
		const here = edges.filter((e) => this.#byId.has(e.a) && this.#byId.has(e.b));
		const key = (e) => e.a < e.b ? `${e.a}${e.b}` : `${e.b}${e.a}`;
		const thick = here.length > MANY ? 0.7 : 1;
		reconcile(this.#links, here, key, () => s('line'), (el, e) => {
			const near = e.a === this.#selected || e.b === this.#selected;
			const own = e.a === self || e.b === self;
			set(el, 'class', near ? 'near' : own ? 'own' : '');
			set(el, 'stroke-width', (thick * (0.6 + 1.6 / (1 + Math.log2(e.cost)))).toFixed(2));
		});
		this.#edges = here.map((e, i) => ({ ...e, key: key(e), el: this.#links.children[i] }));
		const shown = this.#selected ? here.filter((e) =>
			e.a === this.#selected || e.b === this.#selected) : [];
		reconcile(this.#costs, shown.length > COSTS ? [] : shown, key, () => s('text'), (el, e) => {
			say(el, cost(e.cost).replace('under ', '<').replace('over ', '>'));
		});
	}

	/** Everything to where it is; with `names`, looks anew where names have room. */
	place(layout, view, names) {
		const base = Math.max(3, Math.min(9, 1.5 + view.scale * 0.072)), at = new Map();
		for (const one of this.#list) {
			const p = layout.position(one.id);
			if (!p)
				continue;
			const { x, y } = view.at(p);
			const r = Number((base * Math.min(1.9, 0.78 + 0.16 * Math.sqrt(one.degree))).toFixed(1));
			at.set(one.id, { x, y });
			set(one.el, 'transform', `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
			if (one.r !== r)
				resize(one, r);
		}
		this.#placeLinks(at);
		if (names)
			this.#sides = this.#sidesOf(at, view);
		for (const { id, label, r, arc } of this.#list) {
			const side = this.#sides.get(id), p = at.get(id);
			label.toggleAttribute('hidden', !side || !p);
			if (!side || !p)
				continue;
			const a = anchorOf(side, r + arc);
			set(label, 'x', (p.x + a.x).toFixed(1));
			set(label, 'y', (p.y + a.y).toFixed(1));
			set(label, 'text-anchor', a.anchor);
		}
	}

	#placeLinks(at) {
		const middle = new Map();
		for (const { a, b, el, key } of this.#edges) {
			const p = at.get(a), q = at.get(b);
			if (!p || !q)
				continue;
			set(el, 'x1', p.x.toFixed(1));
			set(el, 'y1', p.y.toFixed(1));
			set(el, 'x2', q.x.toFixed(1));
			set(el, 'y2', q.y.toFixed(1));
			middle.set(key, { x: (p.x + q.x) / 2, y: (p.y + q.y) / 2 });
		}
		set(this.#route, 'points', this.#way.map((id) => at.get(id)).filter(Boolean)
			.map((p) => `${p.x.toFixed(1)},${p.y.toFixed(1)}`).join(' '));
		for (const text of this.#costs.children) {
			const p = middle.get(text.dataset.key);
			text.setAttribute('x', p?.x.toFixed(1) ?? -99);
			text.setAttribute('y', ((p?.y ?? -99) + 3).toFixed(1));
		}
	}

	#sidesOf(at, view) {
		const seen = this.#list.filter(({ id }) => {
			const p = at.get(id);
			return p && p.x > -20 && p.y > -20 && p.x < view.width + 20 && p.y < view.height + 20;
		});
		const costs = [...this.#costs.children].map((text) => ({ x: text.getAttribute('x') - 16,
			y: text.getAttribute('y') - 10, w: 32, h: 13 }));
		return placeLabels(seen.map((one) => ({ ...one, ...at.get(one.id), r: one.r + one.arc })),
			this.#sides, view.width, view.height, costs);
	}

	/** The way by which something came shines for a moment. */
	spark(find) {
		const now = performance.now();
		if (now - this.#sparked < SPARKS)
			return;
		this.#sparked = now;
		const way = find();
		for (let i = 1; i < way.length; i++) {
			const [a, b] = [way[i - 1], way[i]].sort();
			const edge = this.#edges.find((e) => e.key === a + b);
			edge?.el.animate([{ stroke: 'var(--weld)', strokeOpacity: 1 }, {}],
				{ duration: SPARK, easing: 'ease-out' });
		}
	}
}

function resize(one, r) {
	const [hit, ring, arc, body] = one.el.querySelectorAll('circle');
	one.r = r;
	set(hit, 'r', Math.max(11, r));
	set(ring, 'r', r + 4);
	set(arc, 'r', r + 2.4);
	set(body, 'r', r);
}

function makeNode(node) {
	return s('g', { role: 'option', 'data-id': node.id, tabindex: -1 },
		s('title'), s('circle', { class: 'hit' }), s('circle', { class: 'ring' }),
		s('circle', { class: 'load', pathLength: 255, transform: 'rotate(-90)' }),
		s('circle', { class: 'body' }));
}
