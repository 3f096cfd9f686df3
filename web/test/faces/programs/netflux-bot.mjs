// Comes when it is invited, and tells the others.
import { Bot, WebGroupState } from 'leno/netflux';
import http from 'node:http';
import { say } from './say.mjs';

const server = http.createServer((request, response) => response.end('a page of its own'));
const bot = new Bot({ server, webGroupOptions: {} });

bot.onWebGroup = (wg) => {
	say({ group: wg.key, joining: wg.state === WebGroupState.JOINING });
	wg.onStateChange = (state) => say({ state });
	wg.onMessage = (id, data) => {
		if (data.length < 100)
			say({ message: [id, data] });
	};
	wg.onMemberJoin = (id) => {
		say({ joined: id });
		wg.sendTo(id, 'I am a bot');
	};
};
bot.onError = (error) => say({ error: error.message });

server.listen(0, '127.0.0.1', () => say({ port: server.address().port }));
