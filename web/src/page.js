// page.js - what becomes of a page, told to its node.
//
//   pagehide, for good               leave: says goodbye while there is time. Leaving stays left
//   pagehide of a page that is kept  hangUp: others need not wait for its heartbeats
//   shown again, thawed, online      wake: what is to be dialled is dialled now
//
// A page that is frozen without a word is found by heartbeats, and finds out itself when it is
// thawed. To be offline is no event here: what runs on the same machine is reached all the same.

/** Until the signal: it is the node's. */
export function watchPage({ leave, hangUp, wake, signal }, page = globalThis) {
	const document = page.document;

	if (!document || typeof page.addEventListener !== 'function')
		return;
	page.addEventListener('pagehide', (event) => (event.persisted ? hangUp() : leave()), { signal });
	page.addEventListener('pageshow', (event) => event.persisted && wake(), { signal });
	page.addEventListener('online', () => wake(), { signal });
	document.addEventListener('resume', () => wake(), { signal });
	document.addEventListener('visibilitychange',
		() => document.visibilityState === 'visible' && wake(), { signal });
}
