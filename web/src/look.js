// look.js - what there is to see: nodes, links, services, counters.
import { LIST } from './core.js';

export const WHY = [, 'goodbye', 'unreachable', 'restarted', 'broken', 'silent', 'replaced',
	'refused'];
const ROLES = ['member', 'endpoint', 'visitor', 'observer'];
const PATHS = ['none', 'direct', 'relayed'];
const US = 1000;

const STATS = ['sent', 'received', 'bytesOut', 'bytesIn', 'recordsOut', 'recordsIn', 'forwarded',
	'dropped', 'handshakes', 'refusedSecret', 'refusedNetwork', 'refusedIdentity',
	'refusedProtocol', 'refusedReplay', 'refusedBusy', 'refusedNodes', 'resentBytes', 'links',
	'nodes', 'sessions', 'memory', 'marked', 'lostPackets', 'probes', 'relayQueueBytes',
	'relayQueueUs', 'refusedCertificate', 'refusedExpired', 'refusedRevoked', 'refusedRole',
	'refusedUninvited'];

export const labelsOf = (lines) => Object.freeze(Object.fromEntries(lines.map((line) => {
	const at = line.indexOf('=');
	return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
})));

export function nodeInfo(core, [id, name, role, next, hops, rtt, labels]) {
	return Object.freeze({ id: core.idText(id), name, role: ROLES[role], next: core.idText(next),
		hops, rtt: rtt / US, labels: labelsOf(labels) });
}

export function serviceInfo(core, [name, version, node, load, labels]) {
	return Object.freeze({ name, version, node: core.idText(node), load,
		labels: labelsOf(labels) });
}

export class Look {
	#core;
	#pump;
	#nodes = new Map();
	#turn = -1;

	constructor(core, pump) {
		this.#core = core;
		this.#pump = pump;
	}

	#list(which) { return this.#core.list(this.#core.x.wasm_look(which)); }

	get self() { return nodeInfo(this.#core, this.#list(LIST.SELF)[0]); }

	/** The others; made once for each thing that happens. */
	get nodes() {
		if (this.#turn !== this.#pump.turn) {
			this.#nodes = new Map(this.#list(LIST.NODES).slice(1).map((fields) => {
				const info = nodeInfo(this.#core, fields);
				return [info.id, info];
			}));
			this.#turn = this.#pump.turn;
		}
		return this.#nodes;
	}

	edges() {
		return this.#list(LIST.EDGES).map(([a, b, cost]) =>
			({ a: this.#core.idText(a), b: this.#core.idText(b), cost }));
	}

	links() {
		return this.#list(LIST.LINKS).map(([id, name, uri, local, dialled, rtt, age, bytesOut,
			bytesIn, recordsOut, recordsIn, forwarded, dropped]) => ({
			id: this.#core.idText(id), name, uri, local, dialled, rtt: rtt / US, age, bytesOut,
			bytesIn, recordsOut, recordsIn, forwarded, dropped }));
	}

	sessions() {
		return this.#list(LIST.SESSIONS).map(([id, name, path, rtt, age, sent, received,
			bytesOut, bytesIn, waitingBytes, unconfirmedBytes, streams]) => ({
			id: this.#core.idText(id), name, path: PATHS[path], rtt: rtt / US, age, sent,
			received, bytesOut, bytesIn, waitingBytes, unconfirmedBytes, streams }));
	}

	services() {
		return this.#list(LIST.SERVICES).map((fields) => serviceInfo(this.#core, fields));
	}

	stats() {
		const numbers = this.#list(LIST.STATS)[0];
		return Object.fromEntries(STATS.map((name, i) => [name, numbers[i]]));
	}
}
