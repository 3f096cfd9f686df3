// relay.mjs MODULES server TCP_PORT | client WS_URI - npm's ws between two nodes. `server`
// takes WebSockets and hands their bytes to a TCP port; `client` takes TCP and hands its bytes
// to a WebSocket. Prints the port that it listens at.
import net from 'node:net';

const [modules, role, target] = process.argv.slice(2);
const { WebSocket, WebSocketServer, createWebSocketStream } =
	await import(`${modules}/wrapper.mjs`);

function join(ws, tcp) {
	const stream = createWebSocketStream(ws);

	stream.on('error', () => tcp.destroy());
	tcp.on('error', () => ws.terminate());
	stream.pipe(tcp).pipe(stream);
}

let server;
if (role === 'server') {
	server = new WebSocketServer({
		port: 0, host: '127.0.0.1',
		handleProtocols: (names) => names.has('leno') ? 'leno' : false,
	});
	server.on('connection', (ws) => join(ws, net.connect(Number(target), '127.0.0.1')));
	server.on('listening', () => console.log(server.address().port));
} else {
	server = net.createServer((tcp) => join(new WebSocket(target, 'leno'), tcp));
	server.listen(0, '127.0.0.1', () => console.log(server.address().port));
}
