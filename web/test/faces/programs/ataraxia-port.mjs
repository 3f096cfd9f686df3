// With a port: it listens there. With a host and a port: it is a manual peer of who does. SECRET:
// of the network.
import { AnonymousAuth, Network, SharedSecretAuth, TCPTransport } from 'leno/ataraxia';
import { say } from './say.mjs';

const [own, host, port] = process.argv.slice(2);
const { SECRET } = process.env;
const net = new Network({ name: 'ataraxia-test' });
const tcp = new TCPTransport({ host: '127.0.0.1', port: Number(own),
	authentication: [SECRET ? new SharedSecretAuth({ secret: SECRET }) : new AnonymousAuth()] });

if (host)
	tcp.addManualPeer({ host, port: Number(port) });
net.addTransport(tcp);
net.onNodeAvailable(async (node) => {
	say({ available: node.id });
	node.onUnavailable(() => say({ unavailable: node.id }));
	node.onMessage((message) => say({ from: message.data }));
	await node.send('numbers', { list: [1, 2.5, null], text: 'ä', bytes: new Uint8Array([1, 2]) });
	say({ confirmed: node.id });
});
net.onMessage(({ type, data }) => say({ message: [type, data.list, data.text, [...data.bytes]] }));

say({ joined: await net.join(), again: await net.join(), id: net.networkId, port: tcp.port });
process.on('SIGTERM', async () => {
	say({ left: await net.leave() });
	process.exit(0);
});
