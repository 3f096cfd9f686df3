/** Netflux's API on leno. Members are numbers; data is text or bytes. */
import type { OpenOptions } from '../index.js';

export type DataType = string | Uint8Array;

export const WebGroupState: { readonly JOINING: 0; readonly JOINED: 1; readonly LEAVING: 2;
	readonly LEFT: 3 };
export const SignalingState: { readonly CONNECTING: 0; readonly OPEN: 1; readonly CHECKING: 2;
	readonly CLOSED: 3; readonly CHECKED: 4 };
export const Topology: { readonly FULL_MESH: 0 };

export interface WebGroupOptions extends OpenOptions {
	topology?: 0;
	/** "ws://..." of any node of the network "netflux". Default: the page's own server; in Node
	 * LENO_SIGNALING, or ws://127.0.0.1:7400. */
	signalingServer?: string;
	rtcConfiguration?: RTCConfiguration;
	autoRejoin?: boolean;
}

export class WebGroup {
	constructor(options?: WebGroupOptions);
	readonly state: 0 | 1 | 2 | 3;
	readonly signalingState: 0 | 1 | 2 | 3 | 4;
	readonly topology: 0;
	readonly signalingServer: string;
	autoRejoin: boolean;
	readonly key: string;
	/** Numbers: 0 until it has joined. */
	readonly id: number;
	readonly myId: number;
	/** We are one of them. */
	readonly members: number[];
	readonly neighbors: number[];
	onMemberJoin: ((id: number) => void) | null;
	onMemberLeave: ((id: number) => void) | null;
	onMessage: ((id: number, data: DataType) => void) | null;
	onStateChange: ((state: 0 | 1 | 2 | 3) => void) | null;
	onSignalingStateChange: ((state: 0 | 1 | 2 | 3 | 4) => void) | null;
	onMyId: ((id: number) => void) | null;
	/** Default: a key that nobody knows. */
	join(key?: string): void;
	leave(): void;
	send(data: DataType): void;
	sendTo(id: number, data: DataType): void;
	/** The bot's "ws://...". */
	invite(url: string): void;
}

/** Node. */
export class Bot {
	constructor(options: { server: import('node:http').Server | import('node:https').Server;
		url?: string; leaveOnceAlone?: boolean; webGroupOptions?: WebGroupOptions });
	readonly server: object;
	readonly url: string;
	readonly leaveOnceAlone: boolean;
	readonly webGroups: ReadonlySet<WebGroup>;
	onWebGroup: ((group: WebGroup) => void) | null;
	onError: ((error: Error) => void) | null;
}
