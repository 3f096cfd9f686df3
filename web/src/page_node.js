// page_node.js - what only nodes in pages have: links by WebRTC, and a page that comes and goes.
import { check } from './errors.js';
import { watchPage } from './page.js';
import { hasWebRTC, startWebRTC } from './webrtc.js';

const wanted = ({ webrtc = true, noDirect }) => Boolean(webrtc) && !noDirect && hasWebRTC();

/** Schemes that a page dials because another node has said so: nothing that leads to a server. */
export const hearsayOfPage = (options) => (wanted(options) ? 'webrtc' : '');

/** After it was opened, and before it is anybody's. */
export function beginInPage(node, { core, pump, links }, options) {
	if (wanted(options)) {
		startWebRTC(node, typeof options.webrtc === 'object' ? options.webrtc : {});
		check(core.x.wasm_advertise(core.put(core.text(`webrtc://${node.id}`))[0]));
	}
	watchPage({
		leave: () => { node.close(); },
		hangUp: () => pump.hangUp(),
		wake: () => links.wake(),
		signal: node.signal,
	});
}
