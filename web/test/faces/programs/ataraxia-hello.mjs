// Two of these find each other by multicast DNS and say hello.
import { AnonymousAuth, Network, TCPPeerMDNSDiscovery, TCPTransport } from 'leno/ataraxia';
import { say } from './say.mjs';

const net = new Network({
	name: 'ataraxia-test',
	transports: [
		new TCPTransport({
			discovery: new TCPPeerMDNSDiscovery(),
			authentication: [new AnonymousAuth()]
		})
	]
});

net.onNodeAvailable((node) => {
	say({ available: node.id });
	node.send('hello').then(() => say({ sent: node.id }), (error) => say({ failed: error.code }));
});
net.onNodeUnavailable((node) => say({ unavailable: node.id }));
net.onMessage(({ type, data, source }) => say({ message: [type, data ?? null, source.id] }));

await net.join();
say({ id: net.networkId });
