/* netflux.js - Netflux on leno: a WebGroup is a group of leno with members that are numbers and a
 * signaling server that is any node of leno; a Bot is a node that comes when it is invited.
 *
 *   LEFT --join--> JOINING --all members seen--> JOINED --leave--> LEFT
 *     JOINED --the connection is lost--> JOINING, and JOINED again by itself */
import { inNode, open } from './common.js';

export const WebGroupState = Object.freeze({ JOINING: 0, JOINED: 1, LEAVING: 2, LEFT: 3 });
export const SignalingState = Object.freeze({
	CONNECTING: 0, OPEN: 1, CHECKING: 2, CLOSED: 3, CHECKED: 4
});
export const Topology = Object.freeze({ FULL_MESH: 0 });

const STRING = 'netflux.string';
const BYTES = 'netflux.bytes';
const STATES = {
	joining: WebGroupState.JOINING, joined: WebGroupState.JOINED, leaving: WebGroupState.LEAVING
};

/** Where members find each other when nothing is said: the node that has served the page; in
 * Node LENO_SIGNALING, or a node of this machine at leno's usual port. */
function defaultServer() {
	if (inNode)
		return process.env.LENO_SIGNALING ?? 'ws://127.0.0.1:7400';
	return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/`;
}

/** A node as a number that all members agree on; never 0. */
const numberOf = (id) => parseInt(id.slice(0, 8), 16) || 1;

function hash(text) {
	let h = 0x811c9dc5;

	for (const unit of text)
		h = Math.imul(h ^ unit.codePointAt(0), 0x01000193) >>> 0;
	return h || 1;
}

function enter({ rtcConfiguration, ...options }, more) {
	return open({ network: 'netflux', anonymous: true, webrtc: rtcConfiguration,
		...options, ...more });
}

/** The options that are leno's: those of Netflux have other names. */
function split({ topology, signalingServer, autoRejoin, ...options } = {}) {
	return { topology, signalingServer, autoRejoin, options };
}

export class WebGroup {
	#options;
	#host;       /* a bot: its node, which it keeps, and what it wants to hear */
	#node = null;
	#group = null;
	#opening = null;
	#ids = new Map(); /* number -> id, of the others */
	#state = WebGroupState.LEFT;
	#signaling = SignalingState.CLOSED;
	#key = '';

	onMemberJoin = null;
	onMemberLeave = null;
	onMessage = null;
	onStateChange = null;
	onSignalingStateChange = null;
	onMyId = null;

	constructor(options, host = null) {
		const { topology, signalingServer, autoRejoin, options: rest } = split(options);

		this.topology = topology ?? Topology.FULL_MESH;
		this.signalingServer = signalingServer ?? defaultServer();
		this.autoRejoin = autoRejoin ?? true;
		this.#options = rest;
		this.#host = host;
	}

	get state() {
		return this.#state;
	}

	get signalingState() {
		return this.#signaling;
	}

	get key() {
		return this.#key;
	}

	get id() {
		return this.#key ? hash(this.#key) : 0;
	}

	get myId() {
		return this.#group ? numberOf(this.#node.id) : 0;
	}

	get members() {
		return this.#group ? [this.myId, ...this.#ids.keys()] : [];
	}

	get neighbors() {
		const links = new Set(this.#node?.links().map((link) => numberOf(link.id)));

		return [...this.#ids.keys()].filter((id) => links.has(id));
	}

	/* ---- joining and leaving ---- */

	join(key = crypto.randomUUID()) {
		if (this.#state !== WebGroupState.LEFT)
			return;
		this.#key = key;
		this.#become(WebGroupState.JOINING);
		this.#opening = this.#join(key).catch((error) => {
			this.#reset();
			throw error;
		});
	}

	async #join(key) {
		this.#node = await (this.#host?.node ?? enter(this.#options));
		if (this.#state !== WebGroupState.JOINING)
			return;
		if (!this.#host)
			this.#signal();
		this.#group = this.#node.group(key);
		this.#group.on('joined', ({ id }) => this.#come(id));
		this.#group.on('left', ({ id }) => this.#go(id));
		this.#group.on('message', (message) => this.#take(message));
		this.#group.on('state', (state) => state !== 'left' && this.#become(STATES[state]));
		this.onMyId?.(this.myId);
		for (const id of this.#group.members.keys())
			this.#come(id);
		this.#become(STATES[this.#group.state]);
	}

	#signal() {
		this.#signals(SignalingState.CONNECTING);
		this.#node.connect(this.signalingServer, { timeout: Infinity }).then(
			() => [SignalingState.OPEN, SignalingState.CHECKING, SignalingState.CHECKED]
				.forEach((state) => this.#signals(state)),
			() => this.#signals(SignalingState.CLOSED));
	}

	#signals(state) {
		if (state === this.#signaling)
			return;
		this.#signaling = state;
		this.onSignalingStateChange?.(state);
	}

	#become(state) {
		const was = this.#state;

		if (state === was || was === WebGroupState.LEFT && state !== WebGroupState.JOINING)
			return;
		this.#state = state;
		this.onStateChange?.(state);
		if (was === WebGroupState.JOINED && state === WebGroupState.JOINING && !this.autoRejoin)
			this.leave();
	}

	leave() {
		if (this.#state === WebGroupState.LEFT || this.#state === WebGroupState.LEAVING)
			return;
		this.#become(WebGroupState.LEAVING);
		this.#opening = this.#opening.then(() => this.#leave());
	}

	async #leave() {
		await this.#group?.leave();
		if (!this.#host)
			await this.#node?.close();
		this.#reset();
	}

	#reset() {
		if (this.#state === WebGroupState.LEFT)
			return;
		this.#state = WebGroupState.LEFT;
		this.#group = null;
		this.#node = null;
		this.#key = '';
		this.#ids.clear();
		this.#signals(SignalingState.CLOSED);
		this.#host?.left(this);
		this.onStateChange?.(WebGroupState.LEFT);
	}

	/* ---- members and messages ---- */

	#come(id) {
		const number = numberOf(id);

		if (this.#ids.has(number))
			return;
		this.#ids.set(number, id);
		this.onMemberJoin?.(number);
	}

	#go(id) {
		if (!this.#ids.delete(numberOf(id)))
			return;
		this.onMemberLeave?.(numberOf(id));
		if (this.#ids.size === 0)
			this.#host?.alone(this);
	}

	#take({ from, type, data, text }) {
		if (type === STRING)
			this.onMessage?.(numberOf(from), text);
		if (type === BYTES)
			this.onMessage?.(numberOf(from), data);
	}

	/** To all others. What cannot be said any more is lost, as it was in Netflux. */
	send(data) {
		this.#group?.broadcast(typeof data === 'string' ? STRING : BYTES, data).catch(() => {});
	}

	sendTo(id, data) {
		const to = this.#ids.get(id);

		if (to)
			this.#group.send(to, typeof data === 'string' ? STRING : BYTES, data)
				.catch(() => {});
	}

	/** Asks the bot that listens at this address into the group. */
	invite(url) {
		this.#node?.connect(url).then((bot) => this.#group?.invite(bot)).catch(() => {});
	}
}

/** Node: it is found at the address of the http server that it was given, and joins every group
 * into which it is invited. */
export class Bot {
	#node;
	#door;
	onWebGroup = null;
	onError = null;

	constructor({ server, url = '', leaveOnceAlone = false, webGroupOptions = {}, bot } = {}) {
		this.server = server ?? bot?.server;
		this.url = url || (bot?.url ?? '');
		this.leaveOnceAlone = bot?.leaveOnceAlone ?? leaveOnceAlone;
		this.webGroups = new Set();
		this.#node = this.#open(split(webGroupOptions).options, webGroupOptions);
		this.#node.catch((error) => this.onError?.(error));
		this.server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
	}

	async #open(options, webGroupOptions) {
		const node = await enter(options, { origins: ['*'] });

		this.#door = new URL(await node.listen('ws://127.0.0.1:0'));
		node.on('invited', ({ key }) => this.#invited(node, key, webGroupOptions));
		return node;
	}

	#invited(node, bytes, options) {
		const key = new TextDecoder().decode(bytes);
		const wg = new WebGroup(options, {
			node,
			left: (group) => this.webGroups.delete(group),
			alone: (group) => this.leaveOnceAlone && group.leave()
		});

		for (const other of this.webGroups)
			if (other.key === key)
				return;
		this.webGroups.add(wg);
		wg.join(key);
		this.onWebGroup?.(wg);
	}

	/* The server is the program's, and leno's node listens for itself. */
	async #upgrade(request, socket, head) {
		const { passOn } = await import('../src/node/face.js');

		await this.#node;
		passOn(request, socket, head, this.#door);
	}
}
