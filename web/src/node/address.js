// address.js - HOST:PORT in URIs, and which of them are this machine alone.
import { LenoError } from '../errors.js';

const FORM = /^(?:[a-z]+):\/\/(\[[0-9a-f:.]+\]|[^:/?#[\]]+)(?::(\d{1,5}))?(\/[^#]*)?$/i;

/** { host, shown, port, path }; host without brackets. */
export function addressOf(uri, port) {
	const found = FORM.exec(uri);
	if (!found || (!found[2] && port === undefined) || Number(found[2] ?? port) > 65535)
		throw new LenoError('URI', `not an address: ${uri}`);
	return { shown: found[1], host: found[1].replace(/^\[|\]$/g, ''),
		port: Number(found[2] ?? port), path: found[3] ?? '/' };
}

export const isLoopback = (host) =>
	host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);

/** May we listen there? Beyond loopback who comes must prove that it belongs here. */
export function mayListen(address, open) {
	if (!open && !isLoopback(address.host))
		throw new LenoError('OPEN_NETWORK');
}

const CODES = { EADDRINUSE: 'ADDRESS_IN_USE', EADDRNOTAVAIL: 'ADDRESS', ENOTFOUND: 'ADDRESS',
	EACCES: 'ADDRESS', EAI_AGAIN: 'ADDRESS' };

/** Resolves with the door of a server that listens at this address. */
export function doorOf(server, scheme, address) {
	return new Promise((resolve, reject) => {
		server.once('error', (error) =>
			reject(new LenoError(CODES[error.code] ?? 'SYSTEM', error.message)));
		server.listen({ port: address.port,
			host: address.host === '*' ? undefined : address.host }, () => {
			server.on('error', () => {});
			resolve({ uri: `${scheme}://${address.shown}:${server.address().port}`,
				close: () => new Promise((done) => {
					server.close(() => done());
					server.closeAllConnections?.();   // of HTTP: those that are no pipes
				}) });
		});
	});
}
