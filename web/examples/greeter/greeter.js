// greeter.js - calls the service of examples/greeter.c, and hears its event. Beside `leno up`:
//
//     greeter                           offers "greeter"
import { open } from '/leno/index.js';

const query = new URLSearchParams(location.search);
const node = await open({ network: query.get('network') ?? 'default', name: 'greeter-page' });
const [form, name, answer, heard] = ['form', 'name', 'answer', 'heard']
	.map((id) => document.getElementById(id));

await node.connect(location.origin.replace(/^http/, 'ws'));
const greeter = node.service('greeter');

greeter.$on('greeted', (greeting) => {
	const line = document.createElement('li');
	line.textContent = greeting;
	heard.prepend(line);
});
form.onsubmit = async (event) => {
	event.preventDefault();
	try {
		answer.textContent = await greeter.hello(name.value);
	} catch (error) {
		answer.textContent = error.code === 'NO_SERVICE' ? 'Nobody offers it: start examples/greeter.'
			: error.message;
	}
};
answer.textContent = 'Ready.';
