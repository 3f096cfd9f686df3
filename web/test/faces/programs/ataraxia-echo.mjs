// "serve": registers echo. Else: finds it, calls it in both ways, and hears its event.
import {
	AnonymousAuth, Group, MachineLocalTransport, Network, PerNodeState, ServiceContract, Services,
	stringType
} from 'leno/ataraxia';
import { say } from './say.mjs';

const [name, role] = process.argv.slice(2);
const net = new Network({ name, authentication: [new AnonymousAuth()],
	transports: [new MachineLocalTransport()] });
const services = new Services(net);
const message = { name: 'message', type: stringType };
const EchoService = new ServiceContract()
	.defineMethod('echo', { returnType: stringType, parameters: [message] })
	.defineMethod('fail', { returnType: stringType, parameters: [] })
	.defineEvent('onEcho', { parameters: [message] });

const state = new PerNodeState(net, 'moods', { defaultValue: 'none' });

state.onUpdate((node, value) => say({ state: [node.id, value ?? null] }));
say({ mood: state.get() });

services.onAvailable((service) => say({ available: service.id }));
services.onUnavailable((service) => say({ unavailable: service.id }));

await net.join();
await services.join();

const group = new Group(net, 'all');

group.onMessage(({ type, data, source }) => say({ group: [type, data, source.id] }));
await group.join();

if (role === 'serve') {
	const listeners = [];

	services.register('echo', EchoService.implement({
		onEcho: (listener) => listeners.push(listener),
		echo(text) {
			listeners.forEach((listener) => listener(text));
			return Promise.resolve(text);
		},
		fail() {
			throw new Error('on purpose');
		}
	}));
	const own = services.get('echo');

	say({ own: [own.available, await own.call('echo', 'to ourselves')] });
} else {
	const echo = services.get('echo');

	say({ before: echo.available });
	if (!echo.available)
		await new Promise((resolve) => echo.onAvailable(resolve));
	const proxied = echo.as(EchoService);

	await proxied.onEcho((text) => say({ heard: text }));
	say({ called: await echo.call('echo', 'Hello world') });
	say({ proxied: await proxied.echo('once more') });
	say({ failed: await proxied.fail().catch((error) => error.code) });
	await group.broadcast('note', { n: 1 });
	await state.set('glad');
	await state.set(`${state.get()} ${state.version()}`);
	say({ mine: [net.networkId, state.get()] });
}
