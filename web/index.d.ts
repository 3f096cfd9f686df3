/**
 * leno: a node of an encrypted peer-to-peer mesh, in a page or in Node.
 *
 *     import { open } from 'leno';
 *
 *     const node = await open({ network: 'home', secret, name: 'ada' });
 *     await node.connect('ws://host:7400');
 *     for await (const m of node.messages('chat')) console.log(m.from, m.text);
 *
 * 1. What is passed is copied before the call returns (what is written to a stream, before its
 *    write() resolves); what arrives is the listener's own.
 * 2. Nodes are named by their id (a UUID as text). Where a function takes a node, its name or
 *    a unique prefix of either will do as well, as on the command line.
 * 3. What fails rejects with a LenoError, whose code is a word; what was given up by an
 *    AbortSignal rejects with the signal's reason.
 * 4. A promise of something sent settles once: confirmed (the receiver's listener has
 *    returned), or LenoError REFUSED, or UNKNOWN (it may have arrived, or not).
 */

export type NodeId = string;

/** Bytes, or text that is sent as UTF-8. */
export type Data = Uint8Array | ArrayBuffer | string;

/** What services, events and shared maps carry: MessagePack. Integers beyond 2^53 are bigint. */
export type Value = null | undefined | boolean | number | bigint | string | Uint8Array |
	readonly Value[] | { readonly [key: string]: Value } | ReadonlyMap<Value, Value>;

/** The codes of leno.h, without the prefix, and UNKNOWN: it may have arrived, or not. */
export type ErrorCode =
	| 'MEMORY' | 'ARGUMENT' | 'AGAIN' | 'NO_NODE' | 'UNREACHABLE' | 'TIMEOUT' | 'TOO_BIG'
	| 'CLOSED' | 'PROTOCOL' | 'SECRET' | 'FOREIGN' | 'OLD' | 'IDENTITY' | 'DUPLICATE' | 'SELF'
	| 'BUSY' | 'LIMIT' | 'URI' | 'ADDRESS_IN_USE' | 'ADDRESS' | 'REFUSED' | 'REPLIED'
	| 'NOT_REQUEST' | 'FILE' | 'EXISTS' | 'SYSTEM' | 'OPEN_NETWORK' | 'INTERNAL' | 'CERTIFICATE'
	| 'EXPIRED' | 'REVOKED' | 'ROLE' | 'UNINVITED' | 'NO_SERVICE' | 'NO_METHOD' | 'ARGUMENTS'
	| 'UNKNOWN';

export class LenoError extends Error {
	constructor(code: ErrorCode, message?: string, reason?: number);
	readonly name: 'LenoError';
	readonly code: ErrorCode;
	/** With REFUSED: the number that the other side gave, else 0. */
	readonly reason: number;
}

/* ---- opening ------------------------------------------------------------------- */

export interface OpenOptions {
	/** 1 to 64 bytes; default "default". */
	network?: string;
	/** 32 bytes, or the line that `leno secret` writes: used as they are. Other text is a
	 * passphrase (stretched by Argon2id, half a second). Default: an anonymous network. */
	secret?: string | Uint8Array;
	/** This node's name, to 63 bytes. */
	name?: string;
	/** To 16 labels. */
	labels?: Record<string, string>;
	/** "leno:...": it is exchanged for a certificate at the nodes that it names, or that
	 * `invitationAt` does; with a storage the certificate is kept, and the invitation not needed
	 * again. Another invitation is exchanged anew. */
	invitation?: string;
	invitationAt?: string | string[];
	/** Where the identity, certificates and maps with `keep` are kept; default: nowhere. */
	storage?: 'indexeddb' | Storage;
	/** 'stored' (the default with a storage) is made at first and found again later; of several
	 * tabs each has its own. 'memory' is fresh at each start. 32 bytes are the identity's seed. */
	identity?: 'memory' | 'stored' | Uint8Array;
	/** Links between browsers; default: where RTCPeerConnection is, with no servers. */
	webrtc?: boolean | WebRTCOptions;
	/** Relays for nobody but its own machine. */
	endpoint?: boolean;
	/** Sees all and talks to whoever takes it: relays nothing. */
	observer?: boolean;
	/** Default 2000. A node is silent after three of them. */
	heartbeat?: number;
	/** Bytes, by default 64 MiB, a quarter of that, and 4 MiB; see leno.h. */
	memoryMax?: number;
	messageMax?: number;
	queueMax?: number;
	/** How long a session outlives every path to its peer, in milliseconds, before what is not
	 * confirmed is UNKNOWN; default 15 minutes. */
	sessionLinger?: number;
	/** Makes no links but those asked for, and tells nobody where it can be dialled. Default: true
	 * where nothing is dialled that others say. */
	noDirect?: boolean;
	/** Node: pages of these origins may open a WebSocket here; '*': any. Default: none may;
	 * who is no browser always may. */
	origins?: string[];
	/** Node: listen beyond loopback without a secret. */
	anonymous?: boolean;
	logLevel?: 'error' | 'warn' | 'info' | 'debug';
	/** Default: console.warn and console.error. */
	log?: (level: 'error' | 'warn' | 'info' | 'debug', line: string) => void;
	/** Where leno.wasm is, or what it is; default: beside the module. */
	wasm?: string | URL | BufferSource | WebAssembly.Module;
	signal?: AbortSignal;
}

export interface WebRTCOptions {
	iceServers?: RTCIceServer[];
	iceTransportPolicy?: RTCIceTransportPolicy;
}

/** A place for bytes by key. Keys are short text. */
export interface Storage {
	get(key: string): Promise<Uint8Array | undefined>;
	/** All entries together, or none; undefined deletes. */
	put(entries: Iterable<[string, Uint8Array | undefined]>): Promise<void>;
	/** All whose key begins with this. */
	list(prefix: string): Promise<[string, Uint8Array][]>;
}

/** Errors: ARGUMENT, MEMORY, SYSTEM (no leno.wasm); of an invitation also those of leno.h. */
export function open(options?: OpenOptions): Promise<LenoNode>;

/** 32 random bytes as `leno secret` writes them. */
export function createSecret(): string;

/** The version of the package. */
export const version: string;

/* ---- transports ------------------------------------------------------------------ */

/** Bytes both ways, in order, without loss, until it is closed. */
export interface Pipe {
	/** Of those between two nodes the one of the lowest class is taken. */
	readonly kind: 'local' | 'stream' | 'wrapped' | 'datagram' | 'polled';
	/** What both ends know of this connection and no other has, to 64 bytes: goes into the
	 * handshake. */
	readonly binding?: Uint8Array;
	/** Takes all of it, and a copy of what does not leave at once: the bytes are the node's own
	 * memory, and others when it returns. */
	send(bytes: Uint8Array): void;
	/** Bytes that have been taken and have not left. */
	readonly bufferedAmount: number;
	/** From so many on the node keeps the rest; 256 KiB if it does not say. */
	readonly full?: number;
	/** Set by the node: bytes came (the node may overwrite them); room has come again; it is
	 * over. None is called before the node has set all. */
	onbytes: ((bytes: Uint8Array) => void) | null;
	ondrain: (() => void) | null;
	onclose: ((error?: Error) => void) | null;
	/** What was sent leaves still; onclose is not called. */
	close(): void;
}

export interface DialContext {
	readonly signal: AbortSignal;
	readonly node: LenoNode;
	/** Another node has said that this is somebody's address. */
	readonly hearsay: boolean;
}

export type Dialer = (uri: string, context: DialContext) => Promise<Pipe>;

/** Teaches nodes that are opened later to dial a scheme, as in 'webrtc'. */
export function registerDialer(scheme: string, dial: Dialer): void;
/** What a finder is given: addresses are dialled until it drops them, and beside it all others who
 * want them. */
export interface Finding {
	keep(uri: string): void;
	drop(uri: string): void;
	/** Where the node listens. */
	doors(): string[];
	/** Who comes has to prove that it belongs here, or need not on purpose. */
	readonly open: boolean;
}

/** The same for discover(uri): returns what ends it. */
export function registerFinder(scheme: string,
	find: (uri: string, node: LenoNode, finding: Finding) => () => void): void;

/* ---- a node ------------------------------------------------------------------------ */

export type Role = 'member' | 'endpoint' | 'visitor' | 'observer';
export type Why = 'goodbye' | 'unreachable' | 'restarted' | 'broken' | 'silent' | 'replaced' |
	'refused';

export interface NodeInfo {
	readonly id: NodeId;
	readonly name: string;
	readonly role: Role;
	/** The neighbour that leads there; itself when direct. */
	readonly next: NodeId;
	/** Links between us and it: 0 self, 1 direct. */
	readonly hops: number;
	/** Milliseconds; 0: not known. */
	readonly rtt: number;
	readonly labels: Readonly<Record<string, string>>;
}

export interface Edge { readonly a: NodeId; readonly b: NodeId; readonly cost: number }

export interface LinkInfo {
	readonly id: NodeId;
	readonly name: string;
	readonly uri: string;
	readonly local: boolean;
	readonly dialled: boolean;
	/** Milliseconds; 0: not measured yet. */
	readonly rtt: number;
	readonly age: number;
	readonly bytesOut: number;
	readonly bytesIn: number;
	readonly recordsOut: number;
	readonly recordsIn: number;
	readonly forwarded: number;
	readonly dropped: number;
}

export interface SessionInfo {
	readonly id: NodeId;
	readonly name: string;
	readonly path: 'none' | 'direct' | 'relayed';
	readonly rtt: number;
	readonly age: number;
	readonly sent: number;
	readonly received: number;
	readonly bytesOut: number;
	readonly bytesIn: number;
	readonly waitingBytes: number;
	readonly unconfirmedBytes: number;
	readonly streams: number;
}

/** The counters of leno_stats in camel case. */
export interface Stats {
	readonly sent: number; readonly received: number;
	readonly bytesOut: number; readonly bytesIn: number;
	readonly recordsOut: number; readonly recordsIn: number;
	readonly forwarded: number; readonly dropped: number;
	readonly handshakes: number; readonly refusedSecret: number;
	readonly refusedNetwork: number; readonly refusedIdentity: number;
	readonly refusedProtocol: number; readonly refusedReplay: number;
	readonly refusedBusy: number; readonly refusedNodes: number;
	readonly resentBytes: number;
	readonly links: number; readonly nodes: number; readonly sessions: number;
	readonly memory: number; readonly marked: number;
	readonly lostPackets: number; readonly probes: number;
	readonly relayQueueBytes: number; readonly relayQueueUs: number;
	readonly refusedCertificate: number; readonly refusedExpired: number;
	readonly refusedRevoked: number; readonly refusedRole: number;
	readonly refusedUninvited: number;
}

export interface Message {
	readonly from: NodeId;
	readonly type: string;
	readonly data: Uint8Array;
	/** The data as UTF-8. */
	readonly text: string;
	readonly broadcast: boolean;
}

export interface Request extends Message {
	/** Aborted when the node is closed. */
	readonly signal: AbortSignal;
}

export interface NodeEvents {
	'node-up': (node: NodeInfo) => void;
	'node-down': (gone: { id: NodeId; name: string; why: Why }) => void;
	'link-up': (link: { id: NodeId; uri: string }) => void;
	/** error DUPLICATE: the same identity runs elsewhere; this node makes no links any more. */
	'link-down': (link: { id: NodeId; why: Why; error?: LenoError }) => void;
	message: (message: Message) => void;
	stream: (stream: Stream) => void;
	'service-up': (service: ServiceInfo) => void;
	'service-down': (service: ServiceInfo) => void;
	/** A node asks us into a group: node.group(key) accepts. */
	invited: (invitation: { from: NodeId; key: Uint8Array; note: Uint8Array }) => void;
	/** A heartbeat has measured the round trip to this neighbour, in milliseconds. */
	heartbeat: (heartbeat: { id: NodeId; rtt: number }) => void;
	/** We lead those that discover('local:') finds. */
	leading: () => void;
	closed: () => void;
}

export interface Waiting {
	/** Milliseconds; Infinity: none. */
	timeout?: number;
	signal?: AbortSignal;
}

/** How many of the nodes that were there have confirmed; of how many nothing is known. */
export interface Spread { readonly confirmed: number; readonly unknown: number }

/** Listeners of typed events. A listener that throws is reported as an uncaught error. */
export interface Emitter<Events> {
	/** Returns what takes it back, as off() and the signal do. */
	on<K extends keyof Events>(event: K, listener: Events[K], options?: { signal?: AbortSignal }):
		() => void;
	off<K extends keyof Events>(event: K, listener: Events[K]): void;
	/** The next time that it happens. CLOSED: it never will. */
	once<K extends keyof Events>(event: K, options?: Waiting):
		Promise<Events[K] extends (value: infer V) => void ? V : void>;
}

/** What an async iterator keeps for a loop that is behind; default 65536 items. When there
 * are more it ends with LIMIT. */
export interface Iterating { signal?: AbortSignal; limit?: number }

export class LenoNode implements Emitter<NodeEvents> {
	private constructor();
	readonly id: NodeId;
	readonly name: string;
	readonly network: string;
	/** Aborted when it is closed. */
	readonly signal: AbortSignal;
	/** Ourselves as others see us. */
	readonly self: NodeInfo;
	/** Others that can be reached now: as of this moment, made anew when asked. */
	readonly nodes: ReadonlyMap<NodeId, NodeInfo>;
	/** A neighbour has told all that it knows: now "no such node" means that there is none. */
	readonly synced: boolean;

	on<K extends keyof NodeEvents>(event: K, listener: NodeEvents[K],
		options?: { signal?: AbortSignal }): () => void;
	off<K extends keyof NodeEvents>(event: K, listener: NodeEvents[K]): void;
	once<K extends keyof NodeEvents>(event: K, options?: Waiting):
		Promise<NodeEvents[K] extends (value: infer V) => void ? V : void>;

	/** Keeps a link to this address up until forget() or close(): "ws://HOST[:PORT][/PATH]",
	 * "wss://", in Node also "tcp://HOST:PORT", in a page "webrtc://ID". Resolves with the
	 * neighbour's id when it is up for the first time; where a better link to the same node is there
	 * already, this one waits to replace it: give a timeout. Aborted or timed out it is forgotten,
	 * unless it has been up before or somebody else waits for it. Errors: URI, LIMIT, CLOSED,
	 * TIMEOUT. */
	connect(uri: string, options?: Waiting): Promise<NodeId>;
	/** Its link lives on, and is not dialled again when it dies. Errors: URI. */
	forget(uri: string): void;
	/** Closes the link to this neighbour. Errors: NO_NODE. */
	disconnect(node: NodeId): void;
	/** Node: accepts links at "tcp://ADDRESS:PORT", "ws://ADDRESS:PORT"; port 0 lets the system
	 * choose. Resolves with the bound address. Errors: URI, ADDRESS, ADDRESS_IN_USE,
	 * OPEN_NETWORK. */
	listen(uri: string): Promise<string>;
	unlisten(uri: string): void;
	/** "local:" finds the tabs of this origin (docs/browser.md), in Node on Linux the processes of
	 * this user that run Node. One of them leads. Of tabs it has the links to the outside:
	 * connect() of the others waits for their turn, and resolves with the leader's id. In Node
	 * "local:PATH" names the socket. Node: "mdns:" offers what this node listens at on the local
	 * network, and dials what others of its network offer there.
	 * Errors: URI, OPEN_NETWORK ("mdns:"), SYSTEM (no Web Locks; not Linux). */
	discover(uri: 'local:' | 'mdns:' | (string & {})): void;
	/** Takes a pipe that something else has made or accepted. */
	attach(pipe: Pipe, uri: string): void;

	/** The id of a node by its name, id, or a unique prefix of either. Errors: NO_NODE, LIMIT
	 * (several). */
	find(text: string): NodeId;
	/** Resolves when it is there. Errors: TIMEOUT. */
	waitFor(node: string, options?: Waiting): Promise<NodeInfo>;
	edges(): Edge[];
	links(): LinkInfo[];
	sessions(): SessionInfo[];
	stats(): Stats;

	/** Resolves when it is confirmed. While the queue to the node is full it waits for room, in
	 * order, 65536 sends at most (AGAIN), until the node leaves (CLOSED).
	 * Aborting takes back what has not been queued.
	 * Errors: NO_NODE, SELF, TOO_BIG, ARGUMENT, CLOSED, REFUSED, UNKNOWN. */
	send(to: NodeId, type: string, data?: Data, options?: { signal?: AbortSignal }): Promise<void>;
	/** The same without a promise of its outcome. False: the queue is full, see writable(). */
	trySend(to: NodeId, type: string, data?: Data): boolean;
	/** Resolves when there is room (again). Errors: CLOSED (it has left). */
	writable(to: NodeId, options?: Waiting): Promise<void>;
	/** To every member. Errors: TOO_BIG (over 1 MiB), ROLE, CLOSED. */
	broadcast(type: string, data?: Data): Promise<Spread>;
	/** Timeout: 10 s by default. Errors: those of send, TIMEOUT, UNREACHABLE. */
	request(to: NodeId, type: string, data?: Data, options?: Waiting): Promise<Uint8Array>;
	/** Answers requests of this type, or ('*') of any that has no other handler. Throwing refuses,
	 * with a LenoError's reason. What it returns takes it back. */
	handle(type: string, handler: (request: Request) => Data | void | Promise<Data | void>):
		() => void;
	/** Messages of this type (all when it is left out), from now on. */
	messages(type?: string, options?: Iterating): AsyncIterableIterator<Message>;
	/** Round trip through the session, in milliseconds. */
	ping(to: NodeId, options?: Waiting): Promise<number>;

	/** Errors: NO_NODE, SELF, LIMIT, ARGUMENT, CLOSED. */
	openStream(to: NodeId, topic: string): Promise<Stream>;
	/** Streams that others open under this topic, from now on. Those that nobody listens for
	 * are refused. */
	streams(topic?: string, options?: Iterating): AsyncIterableIterator<Stream>;

	/** Joins the group of this key, 1 to 255 bytes. Errors: EXISTS, LIMIT (16), CLOSED. */
	group(key: Data): Group;

	/** Offers a service. A key is a method's name, or its line as in leno/service.h:
	 * "idempotent add(a: int, b: int) -> int". A method is called with `this` a CallContext; when it
	 * is an async generator, what it yields is progress, and waits for room.
	 * Errors: ARGUMENT, LIMIT. */
	serve(name: string, methods: Methods, options?: ServeOptions): Offer;
	/** Its methods as functions: `await node.service('math').add(2, 40)`. */
	service<T = Record<string, (...args: any[]) => Promise<any>>>(name: string,
		options?: CallOptions): Service<T>;
	/** Errors: NO_SERVICE, NO_METHOD, ARGUMENTS, BUSY, REFUSED (the method threw), TIMEOUT,
	 * UNREACHABLE, CLOSED. */
	call(service: string, method: string, args?: readonly Value[], options?: CallOptions):
		Promise<any>;
	/** Who offers what. */
	services(): ServiceInfo[];
	/** The lines of a service of that node. */
	describe(node: NodeId, service: string, options?: Waiting): Promise<string>;
	/** Says it to all nodes that want to hear it, ourselves included; "SERVICE.NAME" by custom.
	 * Returns how many queues had no room for it. Errors: ARGUMENT, CLOSED. */
	emit(event: string, value?: Value): number;
	/** Events whose name matches ('*': any run). A value that is no MessagePack comes as bytes. What
	 * it returns takes it back. Errors: ARGUMENT,
	 * LIMIT (24 patterns). */
	subscribe(pattern: string, listener: (value: any, event: EventInfo) => void,
		options?: { signal?: AbortSignal }): () => void;
	events(pattern: string, options?: Iterating):
		AsyncIterableIterator<EventInfo & { readonly value: any }>;

	/** Shares the map of this name; the same object while it is shared. Errors: ARGUMENT, LIMIT
	 * (16). */
	state(name: string, options?: StateOptions): SharedState;

	/** Compares wall clocks: `offset` is its clock less ours, right within `rtt` / 2. */
	compareClock(node: NodeId, options?: Waiting): Promise<{ offset: number; rtt: number }>;

	/** Says goodbye on every link; resolves when that has left. Where Symbol.asyncDispose is known,
	 * `await using` does so too. */
	close(): Promise<void>;
}

/* ---- streams ----------------------------------------------------------------------- */

/** Ordered bytes both ways. A reader that does not read slows its writer, and nobody else. */
export interface Stream {
	readonly peer: NodeId;
	readonly topic: string;
	readonly readable: ReadableStream<Uint8Array>;
	/** Takes text too. Closing it finishes: the peer reads to the end, and sees it. */
	readonly writable: WritableStream<Data>;
	/** Both ends have finished and read all; rejects as readable does: REFUSED (aborted by the
	 * peer), CLOSED. */
	readonly closed: Promise<void>;
	/** Ends it at once in both directions. */
	abort(why?: string, code?: number): void;
	/** Its share beside other streams to the same node: 1 to 255, 16 at first. */
	weigh(weight: number): void;
}

/* ---- groups ------------------------------------------------------------------------ */

export type GroupState = 'joining' | 'joined' | 'leaving' | 'left';

export interface GroupMessage {
	readonly from: NodeId;
	readonly type: string;
	readonly data: Uint8Array;
	readonly text: string;
	/** For us alone. */
	readonly alone: boolean;
}

export interface GroupEvents {
	state: (state: GroupState) => void;
	joined: (member: NodeInfo) => void;
	left: (member: { id: NodeId; name: string; why: Why }) => void;
	message: (message: GroupMessage) => void;
}

/** Nodes that share a key. What is said is sealed for them; others carry it and read nothing.
 * When the connection is lost it is 'joining' again, and 'joined' later, by itself. */
export interface Group extends Emitter<GroupEvents> {
	readonly key: Uint8Array;
	readonly state: GroupState;
	/** Resolves when the state is 'joined' (now, or next). */
	readonly ready: Promise<void>;
	/** The others that are in it now. */
	readonly members: ReadonlyMap<NodeId, NodeInfo>;
	/** To all other members; waits for room. Errors: TOO_BIG, CLOSED. */
	broadcast(type: string, data?: Data): Promise<Spread>;
	/** To one of them; as node.send(). NO_NODE: it is no member. */
	send(to: NodeId, type: string, data?: Data): Promise<void>;
	messages(type?: string, options?: Iterating): AsyncIterableIterator<GroupMessage>;
	invite(node: NodeId, note?: Data): void;
	/** Resolves when what was sent has been confirmed, or a second has passed. */
	leave(): Promise<void>;
}

/* ---- services ---------------------------------------------------------------------- */

export interface CallContext {
	readonly from: NodeId;
	readonly method: string;
	/** Aborted when nobody waits for the answer any more. */
	readonly signal: AbortSignal;
	/** Milliseconds to the deadline; Infinity: none. */
	readonly left: number;
	progress(value: Value): void;
	/** A stream to the caller, beside the answer. */
	stream(): Stream;
}

export type Method = (this: CallContext, ...args: any[]) =>
	Value | void | Promise<Value | void> | AsyncGenerator<Value, Value | void>;
export type Methods = Record<string, Method>;

export interface ServeOptions {
	version?: string;
	/** To 4. */
	labels?: Record<string, string>;
	/** Their lines: "added(sum: int)". */
	events?: string[];
	/** Calls at once (64), and that wait beside them (1024). */
	concurrency?: number;
	waiting?: number;
}

export interface Offer {
	readonly name: string;
	/** Says the event NAME of this service: "SERVICE.NAME". */
	emit(event: string, value?: Value): number;
	/** Resolves when the last call of it has been answered. */
	stop(): Promise<void>;
}

export interface CallOptions extends Waiting {
	/** This one alone; else the better of two by chance. */
	node?: NodeId;
	label?: string;
	version?: string;
	onprogress?: (value: any) => void;
	onstream?: (stream: Stream) => void;
}

export type Service<T> = {
	[K in keyof T]: T[K] extends (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>>
		: never;
} & {
	/** Listens for the event "SERVICE.NAME". */
	$on(event: string, listener: (value: any, event: EventInfo) => void): () => void;
	/** The same methods with other options. */
	$with(options: CallOptions): Service<T>;
};

export interface ServiceInfo {
	readonly name: string;
	readonly version: string;
	readonly node: NodeId;
	/** 0 idle, 128 as many calls as it does at once, to 255. */
	readonly load: number;
	readonly labels: Readonly<Record<string, string>>;
}

export interface EventInfo { readonly event: string; readonly from: NodeId }

/* ---- shared maps ------------------------------------------------------------------- */

export interface StateOptions {
	/** Each node has values of its own, which go when it is down: see of(). */
	perNode?: boolean;
	/** This node alone writes. It needs `keep`: without its copy it cannot take back what it wrote in an earlier life. */
	writer?: NodeId;
	/** Bytes of this copy; default 16 MiB. */
	memoryMax?: number;
	/** Milliseconds for which what was deleted is remembered; default 7 days, the same everywhere. */
	horizon?: number;
	/** In the storage of the node. */
	keep?: boolean;
	/** What values are: MessagePack by default; what is none comes as bytes. 'text' and 'bytes' are
	 * as the command line sets them. */
	encoding?: 'msgpack' | 'text' | 'bytes';
}

/** Of one value. Two that are equal are the same value; null: there is none. */
export type Version = string | null;

export interface Change {
	readonly kind: 'value' | 'counter' | 'element';
	readonly key: string;
	/** undefined: there was, or is, none. Of a counter its sum, of a set the element. */
	readonly old: any;
	readonly value: any;
	/** Who changed it: of a map per node, whose it is. */
	readonly by: NodeId;
	readonly version: Version;
}

export interface StateEvents {
	/** This copy is not whole any more: MEMORY, FILE. */
	failed: (error: LenoError) => void;
	/** Of what was written here, this sharer does not take some: MEMORY (its copy is full), REFUSED
	 * (the map is per node there, or has another writer), LIMIT (our clock is more than 5 minutes
	 * ahead of its). Others may have it. */
	refused: (refusal: { by: NodeId; error: LenoError }) => void;
}

/** A map that nodes share: copies agree once they have heard the same. Keys are text of 1 to 255
 * bytes, values to 48 KiB. Setters' errors: ARGUMENT, MEMORY, REFUSED (another owner or writer),
 * CLOSED. */
export interface SharedState extends Emitter<StateEvents> {
	readonly name: string;
	readonly synced: boolean;
	/** A copy of all that another sharer has is here, or nobody else shares it. */
	readonly ready: Promise<void>;
	get(key: string): any;
	version(key: string): Version;
	/** The value that this node has set, in a map per node. */
	of(node: NodeId, key: string): any;
	set(key: string, value: Value): Version;
	delete(key: string): void;
	/** Values whose key begins with this. */
	entries(prefix?: string): [string, any][];
	/** Everything: counters and elements of sets too. */
	each(prefix?: string): Omit<Change, 'old'>[];

	/** Who alone decides what its value becomes. */
	own(key: string, owner: NodeId): void;
	owner(key: string): NodeId | undefined;
	/** Asks the owner. undefined deletes. True: set. False: the version is another one. */
	compareAndSet(key: string, version: Version, value: Value | undefined, options?: Waiting):
		Promise<boolean>;

	/** By a whole number. */
	add(key: string, by?: number): void;
	count(key: string): number;
	insert(key: string, element: Value): void;
	remove(key: string, element: Value): void;
	has(key: string, element: Value): boolean;
	elements(key: string): any[];

	/** What others change, of keys that begin with this. What it returns takes it back. */
	watch(prefix: string, listener: (change: Change) => void, options?: { signal?: AbortSignal }):
		() => void;
	changes(prefix?: string, options?: Iterating): AsyncIterableIterator<Change>;
	info(): { entries: number; dead: number; memory: number; sharers: number };
	/** Drops our copy. */
	unshare(): void;
}
