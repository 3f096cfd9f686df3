/* ataraxia.js - Ataraxia on leno: networks of nodes, with groups, a state per node, and services
 * with contracts. Transports say where the network's node of leno listens, and whom it dials.
 *
 * new Network --join--> its node is open, its transports are started --leave--> closed */
import { Node } from './ataraxia-node.js';
import { open, pack, subscribable, unpack } from './common.js';

const EARLY_MS = 1000;

export class AnonymousAuth {}

/** The network's secret: all transports of a network have the same. */
export class SharedSecretAuth {
	constructor({ secret }) {
		this.secret = secret;
	}
}

/* ---- the network ----------------------------------------------------------------------- */

export class Network {
	#options;
	#transports;
	#node = null;
	#nodes = new Map();
	#early = new Map(); /* id -> promise, of those whose messages wait */
	#joining = null;

	onNodeAvailable = subscribable();
	onNodeUnavailable = subscribable();
	onMessage = subscribable();
	onJoined = subscribable();

	constructor({ name, transports = [], endpoint = false, authentication = [], ...options }) {
		if (!name)
			throw new TypeError('a network has a name');
		this.name = name;
		this.endpoint = endpoint;
		this.authentication = authentication;
		this.#options = options;
		this.#transports = [...transports];
	}

	/** This node's id; empty until it has joined. */
	get networkId() {
		return this.#node?.id ?? '';
	}

	get nodes() {
		return [...this.#nodes.values()];
	}

	/** leno's own node of this network, while it is joined. */
	get leno() {
		return this.#node;
	}

	addTransport(transport) {
		this.#transports.push(transport);
		if (this.#node)
			this.#start(transport).catch((error) => queueMicrotask(() => {
				throw error;
			}));
	}

	#start(transport) {
		return transport.start(this.#node, this);
	}

	/** False: it has been joined already. */
	async join() {
		if (this.#joining)
			return false;
		this.#joining = this.#join();
		await this.#joining;
		return true;
	}

	async #join() {
		const auth = this.#transports.flatMap((t) => t.authentication ?? [])
			.concat(this.authentication);
		const secret = auth.find((a) => a.secret !== undefined)?.secret;

		this.#node = await open({ network: this.name, endpoint: this.endpoint, secret,
			anonymous: true, ...this.#options });
		this.#node.on('node-up', ({ id }) => this.#come(id));
		this.#node.on('node-down', ({ id }) => this.#go(id));
		this.#node.on('message', (message) => this.#take(message));
		this.onJoined.emit(this.#node);
		await Promise.all(this.#transports.map((transport) => this.#start(transport)));
	}

	async leave() {
		if (!this.#joining)
			return false;
		await this.#joining.catch(() => {});
		this.#joining = null;
		await Promise.all(this.#transports.map((transport) => transport.stop()));
		await this.#node?.close();
		this.#node = null;
		for (const id of [...this.#nodes.keys()])
			this.#go(id);
		return true;
	}

	start() {
		return this.join();
	}

	stop() {
		return this.leave();
	}

	async broadcast(type, data) {
		await this.#node.broadcast(type, pack(data));
	}

	#come(id) {
		const node = new Node(this.#node, id);

		if (this.#nodes.has(id))
			return;
		this.#nodes.set(id, node);
		this.onNodeAvailable.emit(node);
	}

	#go(id) {
		const node = this.#nodes.get(id);

		if (!this.#nodes.delete(id))
			return;
		node.onUnavailable.emit();
		this.onNodeUnavailable.emit(node);
	}

	/* Who has a link may speak before the mesh has told of it: that waits, so that listeners hear
	 * of a node first and of what it says then. Visitors are never told of. */
	#take(message) {
		const { from } = message;

		if (this.#nodes.has(from) && !this.#early.has(from))
			return this.#show(message);
		const before = this.#early.get(from) ??
			this.#node.waitFor(from, { timeout: EARLY_MS }).catch(() => {});
		const shown = before.then(() => {
			this.#show(message);
			if (this.#early.get(from) === shown)
				this.#early.delete(from);
		});

		this.#early.set(from, shown);
	}

	#show({ from, type, data }) {
		const source = this.#nodes.get(from) ?? new Node(this.#node, from);
		const message = { source, type, data: unpack(data) };

		source.onMessage.emit(message);
		this.onMessage.emit(message);
	}
}

/* ---- transports ------------------------------------------------------------------------ */

export class TCPTransport {
	#manual = [];
	#discovery;
	#options;
	#node = null;
	port = 0;

	constructor({ port = 0, host = '0.0.0.0', discovery, authentication = [] } = {}) {
		this.#options = { port, host };
		this.#discovery = discovery;
		this.authentication = authentication;
	}

	addManualPeer({ host, port }) {
		const uri = `tcp://${host.includes(':') ? `[${host}]` : host}:${port}`;

		this.#manual.push(uri);
		this.#dial(uri);
	}

	#dial(uri) {
		this.#node?.connect(uri, { timeout: Infinity }).catch(() => {});
	}

	async start(node, network) {
		const { host, port } = this.#options;
		const bound = await node.listen(`tcp://${host}:${port}`);

		this.#node = node;
		this.port = Number(/:(\d+)$/.exec(bound)[1]);
		this.#manual.forEach((uri) => this.#dial(uri));
		await this.#discovery?.start(node, network);
	}

	async stop() {
		await this.#discovery?.stop();
		this.#node = null;
	}
}

/** By multicast DNS: the same names as those of `leno up --discover mdns:`. */
export class TCPPeerMDNSDiscovery {
	async start(node) {
		node.discover('mdns:');
	}

	/** It ends with the network's node. */
	async stop() {}
}

/** Processes of one user on one machine; in a page, the tabs of its origin. */
export class MachineLocalTransport {
	#options;
	onLeader = subscribable();

	constructor({ path, onLeader } = {}) {
		this.#options = { path };
		if (onLeader)
			this.onLeader(onLeader);
	}

	on(name, listener) {
		return this.onLeader(listener);
	}

	async start(node) {
		node.on('leading', () => this.onLeader.emit());
		node.discover(`local:${this.#options.path ?? ''}`);
	}

	/** It ends with the network's node. */
	async stop() {}
}

export { Group, PerNodeState } from './ataraxia-groups.js';
export { ServiceContract, Services, anyType, booleanType, numberType, stringType }
	from './ataraxia-services.js';
