/* mdns.js - multicast DNS (RFC 6762, RFC 6763) as docs/protocol.md has it: what a node listens at
 * is offered on each interface, and what others offer is dialled until they say goodbye. IPv4.
 *
 * Nothing that is heard is believed: the link's handshake says who is there.
 *
 * 1. Bytes of others never throw: a message that cannot be read is passed over.
 * 2. At most FOUND_MAX offers of others are remembered, for LIFE_MS at most, and addresses of their
 *    hosts alone. */
import { createSocket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { LenoError } from '../errors.js';
import { addressOf } from './address.js';
import { A, ANY, PTR, SRV, TXT, networkTag, readMessage, writeMessage } from './mdns_wire.js';

const GROUP = '224.0.0.251';
const PORT = 5353;
const TTL = 120;          /* seconds for which what we say counts   */
const FOUND_MAX = 256;
const LIFE_MS = 2 * 75 * 60 * 1000; /* of an offer, whatever it says */
const ASK_MS = [0, 1000, 3000];
const ASK_AGAIN_MS = 60000;

const SERVICE = '_leno._tcp.local';
const SCHEMES = /^(tcp|ws)$/;
const ANYWHERE = new Set(['0.0.0.0', '::', '*']);

export class Mdns {
	#node;
	#links;                   /* doors() at which the node listens now; keep() and drop() of others' */
	#tag;
	#browse;
	#host;
	#sockets = [];            /* { socket, address } of each interface */
	#found = new Map();       /* instance -> { port, host, texts, until, uri } */
	#addresses = new Map();   /* host -> address */
	#timers = new Set();
	#over = false;

	constructor(node, links) {
		this.#node = node;
		this.#links = links;
		this.#tag = networkTag(node.network);
		this.#browse = `_${this.#tag.slice(0, 8)}._sub.${SERVICE}`;
		this.#host = `leno-${node.id}.local`;
	}

	async start() {
		const addresses = Object.values(networkInterfaces()).flat()
			.filter((a) => a.family === 'IPv4');

		for (const { address } of addresses)
			await this.#openAt(address).catch(() => {});
		if (this.#over)
			return this.stop();
		for (const delay of ASK_MS)
			this.#later(delay, () => this.#ask());
		this.#later(ASK_AGAIN_MS, () => this.#again());
	}

	#openAt(address) {
		const socket = createSocket({ type: 'udp4', reuseAddr: true });

		return new Promise((resolve, reject) => {
			socket.once('error', (error) => {
				socket.close();
				reject(error);
			});
			socket.bind(PORT, '0.0.0.0', () => {
				socket.addMembership(GROUP, address);
				socket.setMulticastInterface(address);
				socket.setMulticastTTL(255);
				socket.removeAllListeners('error');
				socket.on('error', () => {});
				socket.on('message', (bytes) => this.take(bytes));
				socket.unref();
				this.#sockets.push({ socket, address });
				resolve();
			});
		});
	}

	#later(delay, fn) {
		const timer = setTimeout(() => {
			this.#timers.delete(timer);
			fn();
		}, delay);

		timer.unref();
		this.#timers.add(timer);
	}

	/* ---- what we say ---- */

	/* A door is offered where it can be reached, and nowhere else. */
	#records(address, ttl) {
		const offers = this.#links.doors().map((uri) => [uri.slice(0, uri.indexOf(':')), addressOf(uri)])
			.filter(([scheme, { host }]) => SCHEMES.test(scheme) &&
				(ANYWHERE.has(host) || host === address));
		const records = offers.flatMap(([scheme, { port }]) => {
			const instance = `${this.#node.id}-${port}.${SERVICE}`;
			const texts = ['v=1', `id=${this.#node.id}`, `net=${this.#tag}`,
				`scheme=${scheme}`];

			return [{ name: this.#browse, type: PTR, ttl, target: instance },
				{ name: SERVICE, type: PTR, ttl, target: instance },
				{ name: instance, type: SRV, ttl, port, target: this.#host },
				{ name: instance, type: TXT, ttl, texts }];
		});

		return records.length === 0 ? [] :
			[...records, { name: this.#host, type: A, ttl, address }];
	}

	#send({ socket }, message) {
		if (message.questions.length + message.answers.length > 0)
			socket.send(writeMessage(message), PORT, GROUP, () => {});
	}

	/* A question, with what we offer beside it: so two nodes need not ask one after the other. */
	#ask(questions = [{ name: this.#browse, type: PTR }]) {
		for (const at of this.#sockets) {
			this.#send(at, { questions, answers: [] });
			this.#send(at, { questions: [], answers: this.#records(at.address, TTL) });
		}
	}

	#again() {
		const now = Date.now();

		for (const [instance, offer] of this.#found)
			if (offer.until < now)
				this.#lose(instance);
		this.#ask();
		this.#later(ASK_AGAIN_MS, () => this.#again());
	}

	#answer(questions) {
		const mine = ({ name, type }) => questions.some((q) => q.name.toLowerCase() ===
			name.toLowerCase() && (q.type === type || q.type === ANY));

		for (const at of this.#sockets) {
			const records = this.#records(at.address, TTL);

			if (records.some(mine))
				this.#send(at, { questions: [], answers: records });
		}
	}

	/* ---- what others say ---- */

	/** One message of somebody's. */
	take(bytes) {
		const message = readMessage(bytes);

		if (!message)
			return;
		if (message.questions.length > 0)
			this.#answer(message.questions);
		for (const record of message.answers)
			this.#learn(record);
		const missing = [];

		for (const [instance, offer] of this.#found)
			this.#complete(instance, offer, missing);
		if (missing.length > 0 && message.answers.some((r) => r.type === PTR))
			this.#sockets.forEach((at) => this.#send(at, { questions: missing, answers: [] }));
	}

	#learn({ name, type, ttl, target, port, texts, address }) {
		const offer = this.#found.get(name);

		if (type === PTR && name.toLowerCase() === this.#browse &&
		    !target.startsWith(this.#node.id)) {
			if (ttl === 0)
				this.#lose(target);
			else if (this.#found.size < FOUND_MAX || this.#found.has(target))
				this.#found.set(target, { ...this.#found.get(target),
					until: Date.now() + Math.min(2000 * ttl, LIFE_MS) });
		} else if (type === SRV && offer) {
			Object.assign(offer, { port, host: target });
		} else if (type === TXT && offer) {
			offer.texts = texts;
		} else if (type === A && this.#offers(name)) {
			this.#addresses.set(name, address);
		}
	}

	#offers(host) {
		return [...this.#found.values()].some((offer) => offer.host === host);
	}

	#complete(instance, offer, missing) {
		const { port, host, texts, uri } = offer;

		if (uri)
			return;
		if (port === undefined || !texts)
			return void missing.push({ name: instance, type: ANY });
		const address = this.#addresses.get(host);

		if (!address)
			return void missing.push({ name: host, type: A });
		const said = Object.fromEntries(texts.map((t) => [t.split('=', 1)[0],
			t.slice(t.indexOf('=') + 1)]));

		if (said.v !== '1' || said.net !== this.#tag || !SCHEMES.test(said.scheme ?? '') ||
		    !said.id || said.id === this.#node.id)
			return;
		offer.uri = `${said.scheme}://${address}:${port}`;
		this.#links.keep(offer.uri);
	}

	#lose(instance) {
		const offer = this.#found.get(instance);

		this.#found.delete(instance);
		this.#addresses.delete(offer?.host);
		if (offer?.uri)
			this.#links.drop(offer.uri);
	}

	stop() {
		this.#over = true;
		for (const timer of this.#timers)
			clearTimeout(timer);
		for (const { socket, address } of this.#sockets.splice(0))
			socket.send(writeMessage({ questions: [], answers: this.#records(address, 0) }),
				PORT, GROUP, () => socket.close());
	}
}

/** The finder of "mdns:". OPEN_NETWORK: whoever comes need prove nothing. */
export function findByMdns(uri, node, links) {
	if (!links.open)
		throw new LenoError('OPEN_NETWORK');
	const mdns = new Mdns(node, links);

	mdns.start().catch((error) => console.warn(`leno: mdns: ${error.message}`));
	return () => mdns.stop();
}
