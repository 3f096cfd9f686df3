// index.js - leno in a page.
import { dialWebSocket } from './src/dialers/websocket.js';
import { openIndexedStorage } from './src/indexeddb.js';
import { beforeOutside, dialTabs, findTabs } from './src/local_tabs.js';
import { openNode } from './src/open.js';
import { beginInPage, hearsayOfPage } from './src/page_node.js';
import { stretch } from './src/stretch.js';
import { dialWebRTC } from './src/webrtc.js';

/** Streaming where the server says application/wasm, else from its bytes. */
async function load(url) {
	const answer = await fetch(url);
	if (!answer.ok)
		throw new Error(`status ${answer.status}`);
	if (answer.headers.get('Content-Type')?.startsWith('application/wasm') &&
	    WebAssembly.compileStreaming)
		return WebAssembly.compileStreaming(answer);
	return WebAssembly.compile(await answer.arrayBuffer());
}

const platform = {
	wasm: new URL('./leno.wasm', import.meta.url),
	load,
	dialers: new Map([['ws', dialWebSocket], ['wss', dialWebSocket], ['webrtc', dialWebRTC],
		['local', dialTabs]]),
	hearsay: hearsayOfPage,
	begin: beginInPage,
	finders: new Map([['local', findTabs]]),
	beforeOutside,
	storage: openIndexedStorage,
	stretch: (network, passphrase) => stretch(network, passphrase, load),
};

export const open = (options = {}) => openNode(options, platform);
export { LenoError } from './src/errors.js';
export { LenoNode } from './src/leno_node.js';
export { createSecret } from './src/open.js';
export { registerDialer, registerFinder } from './src/dialers/registry.js';
export const version = '0.1.0';
