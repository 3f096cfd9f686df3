// A server that keeps the one it is given, and says what it hears.
import Server from 'leno/masterless';
import { say } from './say.mjs';

const [id, port, to] = process.argv.slice(2);
const server = new Server(id, { host: '127.0.0.1', port: Number(port) });

server.on('listening', (info) => {
	say({ info });
	if (to !== undefined)
		server.connect(to);
});
server.on('connect', (peer) => say({ connect: peer }));
server.on('disconnect', (peer) => say({ disconnect: peer }));
server.on('message', (sender, packet) => say({ message: [sender, packet] }));
