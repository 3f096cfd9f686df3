/** masterless's API on leno. Packets are what JSON can say. */
import type { OpenOptions } from '../index.js';

export interface ServerOptions extends Omit<OpenOptions, 'network' | 'name'> {
	/** Default: the system chooses. */
	port?: number;
	host?: string;
}

/** In listeners, `this` is the server. */
export default class Server {
	/** The id is a text of at most 63 bytes that no other node has. */
	constructor(id: string, options?: ServerOptions);
	readonly id: string;
	/** Keeps it up. */
	connect(transport: string | null): void;
	disconnect(id: string): void;
	keep(id: string, on?: boolean): void;
	/** Its address; null while it does not listen. */
	info(): string | null;
	/** False: the only one that was named is not connected. */
	send(id: string | string[], packet: any): boolean;
	close(done?: () => void): void;
	on(event: 'listening', listener: (this: Server, info: string) => void): this;
	on(event: 'connect' | 'disconnect', listener: (this: Server, id: string) => void): this;
	on(event: 'message', listener: (this: Server, sender: string, packet: any) => void): this;
	on(event: 'error', listener: (this: Server, error: Error) => void): this;
	on(event: 'close', listener: (this: Server) => void): this;
	once: Server['on'];
	off(event: string, listener: (...args: any[]) => void): this;
}

export { Server };
