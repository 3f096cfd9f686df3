/** AnySocket's API on leno. Messages are what JSON can say; arguments and results of calls may be
 * bytes, too. */
import type { OpenOptions } from '../index.js';

export interface Listening { ip?: string; port: number }
export interface Connecting { authTimeout?: number }

export interface AnyPacket {
	readonly seq: number;
	readonly peer: AnyPeer;
	readonly msg: any;
	/** Nothing happens when nobody waits for a reply. */
	reply(message: any): void;
}

export interface AnyPeer {
	readonly id: string;
	readonly connectionID: string;
	/** `await peer.rpc.some.path(...args)`. */
	readonly rpc: any;
	/** With awaitReply: the packet of the reply. */
	send(message: any, awaitReply: true, timeout?: number): Promise<AnyPacket>;
	send(message: any, awaitReply?: false): void;
	/** Resolves when both ends have said 'e2e'. */
	e2e(): Promise<void>;
	isE2EEnabled(): boolean;
	isProxy(): boolean;
	getSyncedTime(refresh?: boolean): Promise<{ time: number; rtt: number; offset: number }>;
	disconnect(reason?: string): Promise<void>;
	on(event: 'message', listener: (packet: AnyPacket) => void): this;
	on(event: 'e2e', listener: (peer: AnyPeer) => void): this;
	on(event: 'disconnected', listener: (peer: AnyPeer, reason: string) => void): this;
	once: AnyPeer['on'];
	off(event: string, listener: (...args: any[]) => void): this;
}

export default class AnySocket {
	static readonly Packer: {
		pack(bytes: ArrayBuffer | ArrayBufferView): string;
		unpack(packed: string): Uint8Array;
	};
	/** Options of leno's open(); default: the anonymous network "anysocket". */
	constructor(options?: OpenOptions);
	/** Empty until it listens or connects. */
	readonly id: string;
	/** Node: "ws" or "tcp". Resolves with the bound address. */
	listen(scheme: string, options: number | Listening): Promise<string>;
	server(scheme: string, options: number | Listening): Promise<string>;
	/** "ws", "wss", in Node also "tcp". */
	connect(scheme: string, ip: string, port: number, options?: Connecting): Promise<AnyPeer>;
	stop(): Promise<void>;
	onAuth(packet: { id: string; auth: any }): boolean | Promise<boolean>;
	authPacket(): any;
	canProxy(peerID: string, otherPeerID: string): boolean;
	broadcast(message: any, awaitReply: true): Promise<AnyPacket>;
	broadcast(message: any, awaitReply?: false): void;
	setRPC(rpc: object): void;
	hasPeer(id: string): boolean;
	hasDirectPeer(id: string): boolean;
	proxy(peerID: string, throughPeerID: string): Promise<AnyPeer>;
	on(event: 'connected' | 'e2e', listener: (peer: AnyPeer) => void): this;
	on(event: 'message', listener: (packet: AnyPacket) => void): this;
	on(event: 'disconnected', listener: (peer: AnyPeer, reason: string) => void): this;
	once: AnySocket['on'];
	off(event: string, listener: (...args: any[]) => void): this;
}

export { AnySocket };
