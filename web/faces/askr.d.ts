/** node-askr's API on leno. Data is what JSON can say. */
import type { OpenOptions } from '../index.js';

export interface Peer { readonly id: string }
export type Listener = (data: any, peer: Peer) => any;

export interface AskrOptions extends Omit<OpenOptions, 'network'> {
	/** Those of one workspace are a network. */
	workspace?: string;
}

export class Askr {
	constructor(options?: AskrOptions & { host?: string; port?: number });
	/** Empty until it has started. */
	readonly id: string;
	readonly port: number;
	/** Node: listens at the port given, or the first that is free from 8800 on. */
	start(): Promise<this>;
	addPeer(host: string, port: number): Promise<string>;
	/** For commands and events of this name; what it returns answers a command. */
	on(name: string, listener: Listener): this;
	off(name: string, listener: Listener): this;
	emit(name: string, data?: any): Promise<void>;
	close(): Promise<void>;
}

export class Client {
	/** Default: ws://localhost:8800. */
	constructor(options?: AskrOptions & { url?: string });
	connect(): Promise<void>;
	/** What the listener has returned. LenoError REFUSED: there is none, or it threw. */
	send(command: string, data?: any): Promise<any>;
	on(name: string, listener: Listener): this;
	off(name: string, listener: Listener): this;
	emit(name: string, data?: any): Promise<void>;
	close(): Promise<void>;
}
