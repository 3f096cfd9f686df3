/* errors.js - what went wrong, and what to do about it. */

const HELP = {
	AGAIN: 'The queue is full. Try again in a moment.',
	ARGUMENT: 'Something that was typed does not fit.',
	ARGUMENTS: 'The arguments do not fit what the method expects.',
	BUSY: 'All that offer it are busy. Try again in a moment.',
	CERTIFICATE: 'The certificate is not one of this network. Ask for a new invitation.',
	CLOSED: 'This page has left the mesh. Reload it to join again.',
	DUPLICATE: 'The same identity runs elsewhere. Close the other one, then join again.',
	EXPIRED: 'That has expired. Ask for a new invitation.',
	FOREIGN: 'That is another network. Check its name.',
	LIMIT: 'There is no room for more. Close what is not needed.',
	MEMORY: 'There is no memory left for this. Close what is not needed.',
	NO_METHOD: 'The service has no such method (any more).',
	NO_NODE: 'There is no such node (any more).',
	NO_SERVICE: 'Nobody offers this service (any more).',
	OLD: 'The other side speaks another version of leno. Update the older one.',
	REFUSED: 'The other side refused.',
	REVOKED: 'This node was shut out of the network. Ask its owner for a new invitation.',
	ROLE: 'An observer may not do this. Leave, and join without "Observer".',
	SECRET: 'The secret is not that of this network. Check for a missing character.',
	SELF: 'That is this page itself.',
	SYSTEM: 'The browser would not. Reload the page; a recent browser is needed.',
	TIMEOUT: 'No answer in time. It may still have been done.',
	TOO_BIG: 'It is larger than the other side takes.',
	UNINVITED: 'This network wants an invitation, or this node is not on its list.',
	UNKNOWN: 'The connection was lost meanwhile: it may have arrived, or not.',
	UNREACHABLE: 'The node cannot be reached now. It may still have been done.',
	URI: 'That is no address. One looks like ws://host:7400.',
};

/** One or two sentences for people. */
export function explain(error) {
	if (error?.name === 'AbortError')
		return 'Stopped.';
	const help = HELP[error?.code];
	if (!help)
		return error?.message || String(error);
	const detail = ['REFUSED', 'ARGUMENTS', 'ARGUMENT'].includes(error.code) && error.message;
	return detail && detail !== error.code ? `${help} It said: ${detail}` : help;
}

/** Why nobody has let us in: from what was counted, the last line of the log, the address, and
 * whether we said a secret. */
export function whyNotIn(stats, log, uri, secret) {
	if (stats.refusedSecret > 0)
		return secret ? HELP.SECRET : 'This network has a secret. Choose "Secret", and type it.';
	if (stats.refusedNetwork > 0)
		return 'A node answered, but not of this network. Check the network\'s name, and whether ' +
			'it has a secret.';
	if (stats.refusedUninvited > 0)
		return HELP.UNINVITED;
	return `Nobody has let this page in at ${uri}. Check that "leno up" runs there, that the ` +
		`network's name is right, and that it allows this page's origin.${log ? ` (${log})` : ''}`;
}
