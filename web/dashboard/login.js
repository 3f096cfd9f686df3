/* login.js - the door: asks for the network and what lets this page in, and opens the node.
 * What was typed stays in this page's memory; with the tick it is kept in sessionStorage, which
 * ends with the tab. */
import { core, open } from './leno.js';
import { find, say } from './dom.js';
import { explain, whyNotIn } from './errors.js';
import { tabStorage } from './tab_storage.js';

const KEPT = 'leno';
const PATIENCE = 8000;          /* until somebody has let us in                             */

/** Resolves with a node that has a link. */
export function enter() {
	const form = find('login');
	find('door').hidden = false;
	find('app').hidden = true;
	fillIn(form);
	return new Promise((done) => {
		form.onchange = () => showWay(form);
		form.onsubmit = async (event) => {
			event.preventDefault();
			const node = await join(form);
			if (node) {
				form.secret.value = form.invitation.value = '';
				find('door').hidden = true;
				done(node);
			}
		};
		if (form.dataset.again) {
			delete form.dataset.again;
			form.requestSubmit();
		} else {
			form.secret.focus();
		}
	});
}

/** Of what was kept for the tab nothing is left. */
export function forget() {
	sessionStorage.clear();
}

function fillIn(form) {
	const here = new URLSearchParams(location.hash.slice(1));
	form.address.value = location.origin.replace(/^http/, 'ws');
	form.network.value = here.get('network') ?? form.network.value;
	form.elements.name.value ||= `page-${crypto.getRandomValues(new Uint16Array(1))[0]
		.toString(16).padStart(4, '0')}`;
	const kept = sessionStorage.getItem(KEPT);
	if (kept) {
		for (const [key, value] of Object.entries(JSON.parse(kept)))
			if (key === 'observer')
				form.observer.checked = value;
			else
				form.elements[key].value = value;
		form.keep.checked = true;
		form.dataset.again = '1';
	}
	showWay(form);
}

function showWay(form) {
	for (const way of ['secret', 'invitation', 'nothing'])
		find(`by-${way}`).hidden = form.by.value !== way;
}

function complaint(form) {
	if (!form.network.value.trim())
		return [form.network, 'Name the network: "default", unless it was given another name.'];
	if (form.by.value === 'secret' && !form.secret.value)
		return [form.secret, 'Type the secret, or choose "Nothing" for a network without one.'];
	if (form.by.value === 'invitation' && !form.invitation.value.trim().startsWith('leno:'))
		return [form.invitation, 'Paste the whole invitation: it begins with "leno:".'];
	if (!/^wss?:\/\/./.test(form.address.value))
		return [form.address, 'The address begins with ws:// or wss://, like ws://host:7400.'];
	return null;
}

function options(form) {
	const by = form.by.value;
	return {
		network: form.network.value.trim(),
		name: form.elements.name.value.trim() || undefined,
		secret: by === 'secret' ? form.secret.value : undefined,
		invitation: by === 'invitation' ? form.invitation.value.trim() : undefined,
		invitationAt: by === 'invitation' ? form.address.value : undefined,
		storage: by === 'invitation' && form.keep.checked ? tabStorage : undefined,
		observer: form.observer.checked,
		endpoint: !form.observer.checked,
		noDirect: true,
	};
}

async function join(form) {
	const wrong = complaint(form);
	for (const one of form.elements)
		one.removeAttribute('aria-invalid');
	if (wrong) {
		const [input, text] = wrong;
		input.closest('details')?.setAttribute('open', '');
		input.setAttribute('aria-invalid', 'true');
		input.focus();
		say(find('login-error'), text);
		return null;
	}
	const control = new AbortController();
	busy(form, control);
	try {
		const node = await joinWith(form, control.signal);
		if (form.keep.checked)
			keep(form);
		else
			forget();
		say(find('login-error'), '');
		return node;
	} catch (error) {
		say(find('login-error'), explain(error));
		find('login-error').focus();
		return null;
	} finally {
		busy(form, null);
	}
}

async function joinWith(form, signal) {
	let last = '', node;
	const log = (level, text) => {
		if (level === 'warn' || level === 'error')
			last = text;
	};
	try {
		const patience = AbortSignal.timeout(PATIENCE);
		node = await open({ ...options(form), wasm: await core, log,
			signal: AbortSignal.any([signal, patience]) });
		await connect(node, form.address.value, signal, () => last, form.by.value === 'secret');
		return node;
	} catch (error) {
		node?.close();
		throw error.name !== 'TimeoutError' ? error
			: new Error(whyNotIn({}, last, form.address.value));
	}
}

/* A node that is refused tries for ever; people want to know after the first time. */
function connect(node, uri, signal, lastLine, secret) {
	const control = new AbortController();
	const stop = AbortSignal.any([signal, control.signal]);
	const watch = setInterval(() => {
		const { refusedSecret, refusedNetwork, refusedUninvited } = node.stats();
		if (refusedSecret || refusedNetwork || refusedUninvited)
			control.abort();
	}, 250);
	return node.connect(uri, { timeout: PATIENCE, signal: stop }).catch((error) => {
		if (signal.aborted || !(error.code === 'TIMEOUT' || control.signal.aborted))
			throw signal.aborted ? new DOMException('', 'AbortError') : error;
		throw new Error(whyNotIn(node.stats(), lastLine(), uri, secret));
	}).finally(() => clearInterval(watch));
}

function busy(form, control) {
	const button = form.querySelector('.primary'), stop = find('give-up');
	button.disabled = control !== null;
	say(button, control ? 'Joining…' : 'Join');
	stop.hidden = control === null;
	stop.onclick = () => control?.abort();
	if (control)
		say(find('login-error'), '');
}

function keep(form) {
	const kept = { observer: form.observer.checked };
	for (const key of ['network', 'by', 'secret', 'invitation', 'name', 'address'])
		kept[key] = form.elements[key].value;
	sessionStorage.setItem(KEPT, JSON.stringify(kept));
}
