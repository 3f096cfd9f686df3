// face.js - what the faces need of Node beside the package.
import net from 'node:net';
import { networkInterfaces } from 'node:os';

/** An address of this machine that others can use, for one that means all of them. */
export function reachable(uri) {
	const found = Object.values(networkInterfaces()).flat()
		.find((a) => a.family === 'IPv4' && !a.internal);
	return uri.replace(/\/\/(0\.0\.0\.0|\[::\]):/, `//${found?.address ?? '127.0.0.1'}:`);
}

/** An upgrade that came to a server of somebody else's: what was asked there is asked again at a
 * door of ours, and then the two are one connection. */
export function passOn({ method, url, httpVersion, rawHeaders }, socket, head, door) {
	const lines = [`${method} ${url} HTTP/${httpVersion}`];
	for (let i = 0; i < rawHeaders.length; i += 2)
		lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
	const inner = net.connect(door.port, door.hostname, () => {
		inner.write(`${lines.join('\r\n')}\r\n\r\n`);
		inner.write(head);
		inner.pipe(socket).pipe(inner);
	});
	inner.on('error', () => socket.destroy());
	socket.on('error', () => inner.destroy());
	socket.on('close', () => inner.destroy());
}
