/* anysocket.js - AnySocket on leno: peers that listen, connect, send, reply, call each other's
 * functions, and reach others through one that lets them.
 *
 * A peer is a neighbour (or, by proxy(), a node behind one) with whom both ends have agreed:
 *
 *   link --each shows its authPacket() to the other's onAuth()--> 'connected'
 *     --e2e(), asked and answered--> 'e2e'
 *     --the link ends, or disconnect()--> 'disconnected'
 *
 * All of it is encrypted from end to end from the first byte; e2e() makes both ends know it. */
import { AnyPacket, AnyPeer, ASK, BYE, CALL, E2E, MESSAGE, REPLY_MS, answerCall }
	from './anysocket-peer.js';
import { Emitter, LenoError, fromJSON, hostPort, open, toJSON } from './common.js';

const AUTH = 'any.auth';
const PROXY = 'any.proxy';
const ADMIT = 'any.admit';
const EARLY_MAX = 64;      /* messages of a peer that is about to be connected        */
const ADMITTED_MAX = 1024; /* peers of others that may come by proxy, remembered */

export default class AnySocket extends Emitter {
	static Packer = {
		pack: (bytes) => btoa(Array.from(new Uint8Array(bytes.buffer ?? bytes, bytes.byteOffset,
			bytes.byteLength), (byte) => String.fromCharCode(byte)).join('')),
		unpack: (packed) => Uint8Array.from(atob(packed), (c) => c.charCodeAt(0))
	};

	#options;
	#node = null;
	#opening = null;
	#peers = new Map();   /* id -> AnyPeer */
	#meeting = new Map(); /* id -> { sent, taken, proxied, done: [functions] } */
	#admitted = new Set();
	#rpc = null;
	#seq = 0;

	/** Options of leno's open(); by default an anonymous network of its own name. */
	constructor(options = {}) {
		super();
		this.#options = options;
	}

	/** Known when it has listened or connected. */
	get id() {
		return this.#node?.id ?? '';
	}

	/* ---- what a program may put in its place ---- */

	onAuth() {
		return true;
	}

	authPacket() {
		return {};
	}

	canProxy() {
		return false;
	}

	/* ---- opening ---- */

	#open() {
		return this.#opening ??= open({ network: 'anysocket', anonymous: true, noDirect: true,
			origins: ['*'], ...this.#options }).then((node) => this.#wire(node));
	}

	#wire(node) {
		this.#node = node;
		node.on('link-up', ({ id }) => this.#meet(id, false));
		node.on('link-down', ({ id, why }) => this.#linked(id) || this.#drop(id, why));
		node.on('node-down', ({ id, why }) => this.#drop(id, why));
		node.on('message', (message) => this.#take(message));
		node.handle(AUTH, ({ from, text: shown }) => this.#check(from, fromJSON(shown)));
		node.handle(ASK, (request) => this.#asked(request));
		node.handle(CALL, async ({ from, data }) =>
			answerCall(this.#rpc, await this.#peer(from), data));
		node.handle(E2E, async ({ from }) => (await this.#peer(from)).secured());
		node.handle(PROXY, ({ from, text: wanted }) => this.#relay(from, wanted));
		return node;
	}

	async listen(scheme, options) {
		const { ip = '0.0.0.0', port } = typeof options === 'object' ? options :
			{ port: options };
		const node = await this.#open();

		return node.listen(`${scheme}://${hostPort(ip, port)}`);
	}

	server(scheme, options) {
		return this.listen(scheme, options);
	}

	/** Resolves with the peer. */
	async connect(scheme, ip, port, { authTimeout = 5000 } = {}) {
		const node = await this.#open();
		const id = await node.connect(`${scheme}://${hostPort(ip, port)}`,
			{ timeout: authTimeout });

		return this.#met(id, authTimeout);
	}

	async stop() {
		await this.#node?.close();
		for (const id of [...this.#peers.keys()])
			this.#drop(id, 'goodbye');
	}

	/* ---- meeting ---- */

	#linked(id) {
		return this.#node.links().some((link) => link.id === id);
	}

	#met(id, timeout) {
		return this.#peers.get(id) ?? new Promise((resolve, reject) => {
			const timer = setTimeout(() => reject(new LenoError('TIMEOUT')), timeout);

			this.#meetingOf(id).done.push((error, peer) => {
				clearTimeout(timer);
				if (error)
					reject(error);
				else
					resolve(peer);
			});
		});
	}

	#meetingOf(id) {
		const fresh = { sent: false, taken: false, asking: false, proxied: false, done: [] };
		const meeting = this.#meeting.get(id) ?? fresh;

		this.#meeting.set(id, meeting);
		return meeting;
	}

	#meet(id, proxied) {
		if (this.#peers.has(id) || this.#meetingOf(id).asking)
			return;
		Object.assign(this.#meetingOf(id), { asking: true, proxied });
		this.#node.request(id, AUTH, toJSON(this.authPacket())).then(
			() => this.#agree(id, 'sent'),
			(error) => this.#part(id, error.code, error));
	}

	/* Who is no neighbour has come through one that said so. */
	async #check(id, auth) {
		const proxied = !this.#linked(id);

		if (proxied && !this.#admitted.has(id) && !this.#meeting.has(id))
			throw new LenoError('REFUSED', 'nobody has announced this peer');
		if (!await this.onAuth({ id, auth }))
			throw new LenoError('REFUSED', 'onAuth() said no');
		this.#meet(id, proxied);
		this.#agree(id, 'taken');
	}

	#agree(id, half) {
		const meeting = this.#meeting.get(id);

		if (!meeting)
			return;
		meeting[half] = true;
		if (!meeting.sent || !meeting.taken)
			return;
		const peer = new AnyPeer(this.#node, id, meeting.proxied, (why) => this.#part(id, why));

		peer.on('e2e', () => this.emit('e2e', peer));
		this.#meeting.delete(id);
		this.#admitted.delete(id);
		this.#peers.set(id, peer);
		this.emit('connected', peer);
		meeting.done.forEach((done) => done(null, peer));
	}

	#drop(id, reason, error = new LenoError('UNREACHABLE')) {
		const peer = this.#peers.get(id);
		const meeting = this.#meeting.get(id);

		this.#peers.delete(id);
		this.#meeting.delete(id);
		meeting?.done.forEach((done) => done(error));
		if (!peer)
			return;
		peer.emit('disconnected', peer, reason);
		this.emit('disconnected', peer, reason);
	}

	#part(id, reason, error) {
		if (this.#linked(id))
			this.#node.disconnect(id);
		this.#drop(id, reason, error);
	}

	/* ---- what comes ---- */

	/* The other end may know that both have agreed a moment before we do. */
	async #peer(id) {
		const meeting = this.#meeting.get(id);

		if (meeting?.taken && meeting.done.length < EARLY_MAX)
			return this.#met(id, REPLY_MS);
		if (!this.#peers.has(id))
			throw new LenoError('REFUSED', 'not connected');
		return this.#peers.get(id);
	}

	#take({ from, type, text: body }) {
		const peer = this.#peers.get(from);

		if (type === ADMIT && this.#linked(from) && this.#admitted.size < ADMITTED_MAX)
			this.#admitted.add(body);
		if (type === MESSAGE && peer)
			this.#show(new AnyPacket(++this.#seq, peer, fromJSON(body)));
		else if (type === MESSAGE)
			this.#peer(from).then(() => this.#take({ from, type, text: body }), () => {});
		if (type === BYE && peer)
			this.#part(from, body);
	}

	#show(packet) {
		packet.peer.emit('message', packet);
		this.emit('message', packet);
	}

	async #asked({ from, text: body }) {
		const peer = await this.#peer(from);

		return new Promise((resolve, reject) => {
			const timer = setTimeout(reject, REPLY_MS, new LenoError('TIMEOUT'));

			this.#show(new AnyPacket(++this.#seq, peer, fromJSON(body), (answer) => {
				clearTimeout(timer);
				resolve(toJSON(answer));
			}));
		});
	}

	/* ---- the rest of what a program calls ---- */

	setRPC(rpc) {
		this.#rpc = rpc;
	}

	hasPeer(id) {
		return this.#peers.has(id);
	}

	hasDirectPeer(id) {
		return this.#peers.get(id)?.isProxy() === false;
	}

	/** With awaitReply it resolves with the first reply. */
	broadcast(message, awaitReply = false) {
		const sent = [...this.#peers.values()].map((peer) => peer.send(message, awaitReply));

		return awaitReply ? Promise.any(sent) : undefined;
	}

	/** Asks a peer to let us reach one of its peers. */
	async proxy(id, through) {
		await this.#node.request(through, PROXY, id);
		this.#meet(id, true);
		return this.#met(id, REPLY_MS);
	}

	async #relay(from, wanted) {
		await this.#peer(from);
		if (!this.#peers.has(wanted) || !this.canProxy(from, wanted))
			throw new LenoError('REFUSED', 'canProxy() said no');
		await this.#node.send(wanted, ADMIT, from);
	}
}

export { AnySocket };
