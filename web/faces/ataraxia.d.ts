/** Ataraxia's API on leno: ataraxia, ataraxia-tcp, ataraxia-local and ataraxia-services in one.
 * What is sent is a Value of leno (MessagePack). */
import type { LenoNode, OpenOptions, Value } from '../index.js';

/** Takes a listener; what it returns takes it back. */
export type Subscribable<A extends unknown[]> = (listener: (...args: A) => void) =>
	{ unsubscribe(): void };

export class AnonymousAuth {}

export class SharedSecretAuth {
	/** As leno's open() takes it: 32 bytes, the line of `leno secret`, or a passphrase. */
	constructor(options: { secret: string | Uint8Array });
	readonly secret: string | Uint8Array;
}

export type Auth = AnonymousAuth | SharedSecretAuth;

export interface Node {
	readonly id: string;
	readonly onUnavailable: Subscribable<[]>;
	readonly onMessage: Subscribable<[message: Message]>;
	/** Resolves when the other's listeners have returned. */
	send(type: string, data?: Value): Promise<void>;
}

export interface Message {
	readonly source: Node;
	readonly type: string;
	/** Bytes, when they are not MessagePack. */
	readonly data: any;
}

export interface Transport {
	readonly authentication?: Auth[];
	start(node: LenoNode, network: Network): Promise<void>;
	stop(): Promise<void>;
}

export interface NetworkOptions extends Omit<OpenOptions, 'network' | 'name' | 'endpoint'> {
	/** Of the network. */
	name: string;
	transports?: Transport[];
	/** Relays for nobody. */
	endpoint?: boolean;
	authentication?: Auth[];
}

export class Network {
	constructor(options: NetworkOptions);
	readonly name: string;
	readonly endpoint: boolean;
	/** Empty until it has joined. */
	readonly networkId: string;
	readonly nodes: Node[];
	/** leno's own node, while it is joined. */
	readonly leno: LenoNode | null;
	readonly onNodeAvailable: Subscribable<[node: Node]>;
	readonly onNodeUnavailable: Subscribable<[node: Node]>;
	readonly onMessage: Subscribable<[message: Message]>;
	readonly onJoined: Subscribable<[node: LenoNode]>;
	addTransport(transport: Transport): void;
	/** False: it was joined already. Rejects when a transport cannot listen. */
	join(): Promise<boolean>;
	/** False: it was not joined. */
	leave(): Promise<boolean>;
	start(): Promise<boolean>;
	stop(): Promise<boolean>;
	broadcast(type: string, data?: Value): Promise<void>;
}

/** Node. */
export class TCPTransport implements Transport {
	constructor(options?: { port?: number; host?: string; discovery?: TCPPeerMDNSDiscovery;
		authentication?: Auth[] });
	readonly authentication: Auth[];
	/** 0 until it listens. */
	readonly port: number;
	addManualPeer(peer: { host: string; port: number }): void;
	start(node: LenoNode, network: Network): Promise<void>;
	stop(): Promise<void>;
}

/** Node: by multicast DNS, as `leno up --discover mdns:`. */
export class TCPPeerMDNSDiscovery {
	start(node: LenoNode, network: Network): Promise<void>;
	stop(): Promise<void>;
}

/** Processes of this user in Node on Linux; tabs of this origin in a page. */
export class MachineLocalTransport implements Transport {
	constructor(options?: { path?: string; onLeader?: () => void });
	readonly onLeader: Subscribable<[]>;
	on(event: 'leader', listener: () => void): { unsubscribe(): void };
	start(node: LenoNode, network: Network): Promise<void>;
	stop(): Promise<void>;
}

export class Group {
	constructor(network: Network, name: string);
	readonly name: string;
	readonly nodes: Node[];
	readonly onNodeAvailable: Subscribable<[node: Node]>;
	readonly onNodeUnavailable: Subscribable<[node: Node]>;
	readonly onMessage: Subscribable<[message: Message]>;
	join(): Promise<void>;
	leave(): Promise<void>;
	broadcast(type: string, data?: Value): Promise<void>;
}

export class PerNodeState<T = any> {
	constructor(network: Network, name: string, options?: { defaultValue?: T;
		applyPatch?(current: T, patch: any): T; generatePatch?(value: T, version: number): any });
	/** Another node has set its value; undefined: it has none any more. */
	readonly onUpdate: Subscribable<[node: Node, state: T | undefined]>;
	get(): T;
	version(): number;
	getNodeState(node: Node): T | undefined;
	/** The network has been joined before. */
	set(value: T): Promise<void>;
}

/* ---- services ---- */

export interface Type { readonly name: string }
export const anyType: Type;
export const booleanType: Type;
export const numberType: Type;
export const stringType: Type;

export interface MethodDefinition {
	returnType?: Type;
	parameters?: { name: string; type: Type; rest?: boolean }[];
}

export interface EventDefinition {
	parameters?: { name: string; type: Type; rest?: boolean }[];
}

export class ServiceContract<T = any> {
	readonly methods: ReadonlyMap<string, MethodDefinition>;
	readonly events: ReadonlyMap<string, EventDefinition>;
	defineMethod(name: string, definition?: MethodDefinition): this;
	defineEvent(name: string, definition?: EventDefinition): this;
	implement<O extends object>(object: O): O & { serviceContract: ServiceContract<T> };
}

export interface Service {
	readonly id: string;
	readonly available: boolean;
	readonly onAvailable: Subscribable<[]>;
	readonly onUnavailable: Subscribable<[]>;
	readonly onUpdate: Subscribable<[]>;
	call(method: string, ...args: Value[]): Promise<any>;
	apply(method: string, args: Value[]): Promise<any>;
	as<T = any>(contract: ServiceContract<T>): T;
	/** What it returns takes it back. */
	on(event: string, listener: (...args: any[]) => void): () => void;
}

export interface ServiceHandle {
	unregister(): Promise<void>;
	emitEvent(event: string, ...args: Value[]): void;
}

export class Services {
	constructor(network: Network);
	readonly onServiceAvailable: Subscribable<[service: Service]>;
	readonly onServiceUnavailable: Subscribable<[service: Service]>;
	readonly onAvailable: Subscribable<[service: Service]>;
	readonly onUnavailable: Subscribable<[service: Service]>;
	/** The network has been joined before. */
	join(): Promise<void>;
	leave(): Promise<void>;
	register(id: string, object: object): ServiceHandle;
	get(id: string): Service;
}
