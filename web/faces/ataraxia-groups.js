/* ataraxia-groups.js - of the Ataraxia face: groups of a network, and a state per node. */
import { Node } from './ataraxia-node.js';
import { pack, subscribable, unpack } from './common.js';

const VALUE = 'value';

export class Group {
	#net;
	#group = null;
	#nodes = new Map();
	onNodeAvailable = subscribable();
	onNodeUnavailable = subscribable();
	onMessage = subscribable();

	constructor(net, name) {
		this.#net = net;
		this.name = name;
	}

	get nodes() {
		return [...this.#nodes.values()];
	}

	async join() {
		const node = this.#net.leno;
		const group = this.#group = node.group(`ataraxia/${this.name}`);
		const come = ({ id }) => {
			this.#nodes.set(id, this.#nodes.get(id) ?? new Node(node, id));
			this.onNodeAvailable.emit(this.#nodes.get(id));
		};

		group.on('joined', come);
		group.on('left', ({ id }) => {
			this.onNodeUnavailable.emit(this.#nodes.get(id));
			this.#nodes.delete(id);
		});
		group.on('message', ({ from, type, data }) => this.onMessage.emit(
			{ source: this.#nodes.get(from), type, data: unpack(data) }));
		await group.ready;
	}

	async leave() {
		await this.#group?.leave();
		this.#group = null;
	}

	async broadcast(type, data) {
		await this.#group.broadcast(type, pack(data));
	}
}

/** One value of each node, which goes with it. Values are sent whole: the options that make
 * patches of them are not asked. */
export class PerNodeState {
	#net;
	#name;
	#default;
	#map = null;
	#version = 0;
	onUpdate = subscribable();

	constructor(net, name, { defaultValue } = {}) {
		this.#net = net;
		this.#name = `ataraxia/${name}`;
		this.#default = defaultValue;
		net.onJoined((node) => this.#share(node));
		if (net.leno)
			this.#share(net.leno);
	}

	#share(node) {
		this.#map = node.state(this.#name, { perNode: true });
		this.#map.watch(VALUE, ({ by, value }) =>
			this.onUpdate.emit(this.#net.nodes.find(({ id }) => id === by) ?? new Node(node, by),
				value));
	}

	get() {
		return this.#map?.get(VALUE) ?? this.#default;
	}

	/** How often it was set. */
	version() {
		return this.#version;
	}

	/** What this node has set. */
	getNodeState(node) {
		return this.#map?.of(node.id, VALUE);
	}

	async set(value) {
		this.#map.set(VALUE, value);
		this.#version++;
	}
}
