/* model.js - what this page knows of the mesh: read from its node once a second, and at once when
 * somebody comes or goes. Panels look at its fields when 'tick' or 'entry' says so. */
import { Rate, Series } from './series.js';
import { adjacency, route, shape } from './graph.js';
import { cut, preview, toJSON } from './format.js';

const TICK = 1000;
const SOON = 120;               /* changes that come together are read together             */
const ENTRIES = 1000;           /* of the log ...                                           */
const TEXT = 4000;              /* ... and letters of each                                  */
const NAMES = 4096;             /* of nodes, those that have gone included                  */
const MEASURED = 64;            /* neighbours whose round trips are drawn                   */

export class Model {
	node;
	/** Map of id -> NodeInfo and {load, degree}; this page is the first. */
	nodes = new Map();
	edges = [];
	links = [];
	services = [];
	stats = {};
	/** The newest last: {n, at, kind, from, type, text, broadcast}. */
	entries = [];
	rates = { received: new Rate(), sent: new Rate(), bytesIn: new Rate(), bytesOut: new Rate() };
	/** Map of a neighbour's id -> {name, series}. */
	trips = new Map();
	/** Grows when nodes or links do, or names change. */
	version = 0;

	#listeners = new Map();
	#next = new Map();
	#shape = '';
	#stop = [];
	#soon = 0;
	#count = 0;

	constructor(node) {
		this.node = node;
		for (const event of ['node-up', 'node-down', 'link-up', 'link-down'])
			this.#stop.push(node.on(event, (what) => this.#happened(event, what)));
		this.#stop.push(node.on('message', (m) => this.#enter({ kind: 'message', from: m.from,
			type: m.type, text: preview(m.data.subarray(0, TEXT), TEXT), broadcast: m.broadcast })));
		this.#stop.push(node.subscribe('*', (value, e) => this.#enter({ kind: 'event', from: e.from,
			type: e.event, text: cut(toJSON(value), TEXT) })));
		const timer = setInterval(() => this.read(), TICK);
		this.#stop.push(() => clearInterval(timer), () => clearTimeout(this.#soon));
		this.read();
	}

	on(event, listener) {
		const all = this.#listeners.get(event) ?? new Set();
		this.#listeners.set(event, all.add(listener));
		return () => all.delete(listener);
	}

	close() {
		this.#stop.forEach((stop) => stop());
		this.#listeners.clear();
	}

	name(id) {
		return this.nodes.get(id)?.name || this.#names.get(id) || id.slice(0, 8);
	}

	/** The way that messages from here to this node take, as ids. */
	route(id) {
		return route(this.#next, this.node.id, id, this.nodes.get(id)?.next);
	}

	neighbours(id) {
		return this.#next.get(id) ?? new Map();
	}

	read() {
		const node = this.node;
		this.services = node.services();
		this.links = node.links();
		this.stats = node.stats();
		this.edges = node.edges();
		this.nodes = new Map([[node.id, { ...node.self }]]);
		for (const [id, info] of node.nodes)
			this.nodes.set(id, { ...info });
		this.#next = adjacency(this.nodes.keys(), this.edges);
		for (const one of this.nodes.values()) {
			one.degree = this.#next.get(one.id).size;
			one.load = 0;
			this.#remember(one);
		}
		for (const { node: id, load } of this.services)
			if (this.nodes.has(id))
				this.nodes.get(id).load = Math.max(this.nodes.get(id).load, load);
		const now = shape(this.nodes.keys(), this.edges);
		if (now !== this.#shape)
			this.version++;
		this.#shape = now;
		this.#measure();
		this.#tell('tick');
	}

	/* Names of those that have gone, for what is still to be read of them. */
	#names = new Map();

	#remember({ id, name }) {
		this.#names.set(id, name);
		if (this.#names.size > NAMES)
			this.#names.delete(this.#names.keys().next().value);
	}

	#measure() {
		const now = performance.now();
		if (now - this.#measured < TICK / 2)
			return;
		this.#measured = now;
		for (const [key, rate] of Object.entries(this.rates))
			rate.read(this.stats[key] ?? 0, now);
		const here = new Set();
		for (const { id, name, rtt } of this.links) {
			if (!this.trips.has(id) && this.trips.size < MEASURED)
				this.trips.set(id, { name, series: new Series() });
			here.add(id);
			this.trips.get(id)?.series.push(rtt > 0 ? rtt : undefined);
		}
		for (const [id, { series }] of this.trips)
			if (!here.has(id)) {
				series.push(undefined);
				if (series.values.every((v) => v === undefined))
					this.trips.delete(id);
			}
	}

	#measured = -TICK;

	#happened(event, what) {
		const text = event.endsWith('up') ? what.uri : what.error?.code ?? what.why;
		this.#enter({ kind: event.split('-')[0], from: what.id, type: event, text: text ?? '' });
		this.#soon ||= setTimeout(() => {
			this.#soon = 0;
			this.read();
		}, SOON);
	}

	#enter(entry) {
		this.entries.push({ n: this.#count++, at: new Date(), ...entry });
		if (this.entries.length > ENTRIES)
			this.entries.shift();
		this.#tell('entry', this.entries.at(-1));
	}

	#tell(event, value) {
		for (const listener of this.#listeners.get(event) ?? [])
			listener(value);
	}
}
