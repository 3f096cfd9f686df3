/* local_tabs.js - tabs of one origin that find each other, with no network at all: one leads,
 * the others follow it.
 *
 * Leading is holding a Web Lock: the browser gives it to one tab, and to the next when that is
 * closed or crashes. Who follows dials "local:", and what it gets is a pipe made of a
 * BroadcastChannel which nobody but the two tabs have opened. The leader holds the links to the
 * outside: addresses that a follower has been asked to dial wait, and are told to the leader.
 *
 *   SEEKING --the lock is ours--> LEADING
 *     SEEKING --the leader has answered our dial--> FOLLOWING
 *     FOLLOWING --its pipe ends--> SEEKING, or LEADING
 *   any --stop()--> OFF
 *
 * 1. At most one tab of an origin and network leads: the browser sees to it.
 * 2. That a tab is gone is known by its lock, at once, also when it could not say so.
 * 3. Bytes that are under way in a pipe are at most WINDOW, and what a pipe may hold beside it. */
import { LenoError } from './errors.js';

const WINDOW = 1 << 20;   /* bytes that the other tab has not confirmed: then there is no room */
const ASK_MS = 250;       /* between questions who leads                                       */
const ANSWER_MS = 2000;   /* for a leader to accept a pipe: a busy tab needs a while            */
const OUTSIDE = /^wss?:/;
const WANTED_MAX = 64;    /* addresses that one follower may have dialled                      */

/** Resolves when the tab is gone; rejects never. */
function goneOf(tab, signal) {
	return navigator.locks.request(tabLock(tab), { mode: 'shared', signal }, () => {})
		.catch(() => {});
}

function tabLock(tab) {
	return `leno/tab/${tab}`;
}

/** One end of a connection between two tabs: a Pipe of index.d.ts. */
class TabPipe {
	kind = 'local';
	onbytes = null;
	ondrain = null;
	onclose = null;
	#channel;
	#unconfirmed = 0;
	#over = new AbortController();

	constructor(channel, other) {
		this.#channel = channel;
		channel.onmessage = ({ data }) => this.#take(data);
		goneOf(other, this.#over.signal).then(() => this.#end());
	}

	get bufferedAmount() {
		return Math.max(0, this.#unconfirmed - WINDOW);
	}

	send(bytes) {
		if (this.#over.signal.aborted)
			return;
		this.#unconfirmed += bytes.length;
		this.#channel.postMessage(Uint8Array.from(bytes));
	}

	#take(data) {
		if (data instanceof Uint8Array) {
			const { length } = data;

			this.onbytes?.(data);
			if (!this.#over.signal.aborted)
				this.#channel.postMessage(length);
		} else if (typeof data === 'number') {
			const full = this.bufferedAmount > 0;

			this.#unconfirmed = Math.max(0, this.#unconfirmed - data);
			if (full && this.bufferedAmount === 0)
				this.ondrain?.();
		} else if (data === null) {
			this.#end();
		}
	}

	#end() {
		if (this.#over.signal.aborted)
			return;
		this.#over.abort();
		this.#channel.close();
		this.onclose?.();
	}

	close() {
		if (this.#over.signal.aborted)
			return;
		this.#channel.postMessage(null);
		this.#over.abort();
		this.#channel.close();
	}
}

class Tabs {
	#node;
	#links;              /* keep(), drop() and again() of addresses */
	#name;
	#tab = crypto.randomUUID();
	#channel;
	#off = new AbortController();
	#release = null;     /* gives the leadership up */
	#leader = null;      /* the tab that has said that it leads */
	#waiting = new Set(); /* functions to call when who leads has changed */
	#wanted = new Map(); /* tab -> addresses that we dial for it */
	leading = false;

	constructor(node, links) {
		this.#node = node;
		this.#links = links;
		this.#name = `leno/local/${node.network}`;
		this.#channel = new BroadcastChannel(this.#name);
		this.#live();
	}

	/* Others wait for the lock with our name: so it has to be ours before they know the name. */
	#live() {
		const { signal } = this.#off;

		navigator.locks.request(tabLock(this.#tab), () => {
			if (signal.aborted)
				return undefined;
			this.#channel.onmessage = ({ data }) => this.#hear(data);
			navigator.locks.request(this.#name, { signal }, () => this.#lead()).catch(() => {});
			this.#seek();
			return new Promise((resolve) => signal.addEventListener('abort', resolve));
		});
	}

	/* ---- leading ---- */

	#lead() {
		const held = new Promise((resolve) => {
			this.#release = resolve;
		});

		this.leading = true;
		this.#leader = this.#tab;
		this.#say({ lead: this.#tab });
		this.#links.drop('local:');
		this.#changed();
		this.#node.tell('leading');
		return held;
	}

	#accept({ from, dial }) {
		const channel = new BroadcastChannel(`${this.#name}/${dial}`);
		const pipe = new TabPipe(channel, from);

		channel.postMessage('open');
		try {
			this.#node.attach(pipe, 'local:');
		} catch { /* there is no room, and the pipe is closed */ }
	}

	#dialFor({ from, want }) {
		const wanted = this.#wanted.get(from) ?? new Set();

		if (!this.#wanted.has(from))
			goneOf(from, this.#off.signal).then(() => this.#forgetFor(from));
		this.#wanted.set(from, wanted);
		if (wanted.size >= WANTED_MAX || wanted.has(want))
			return;
		wanted.add(want);
		this.#links.keep(want);
	}

	#forgetFor(tab) {
		const mine = this.#wanted.get(tab) ?? [];

		this.#wanted.delete(tab);
		for (const uri of mine)
			if (![...this.#wanted.values()].some((other) => other.has(uri)))
				this.#links.drop(uri);
	}

	/* ---- following ---- */

	#seek() {
		const ask = () => {
			if (this.#leader === null)
				this.#say({ who: this.#tab });
		};
		const timer = setInterval(ask, ASK_MS);

		this.#off.signal.addEventListener('abort', () => clearInterval(timer));
		ask();
	}

	#follow(tab) {
		if (tab === this.#leader || this.leading)
			return;
		this.#leader = tab;
		goneOf(tab, this.#off.signal).then(() => {
			if (this.#leader !== tab)
				return;
			this.#leader = null;
			this.#say({ who: this.#tab });
		});
		this.#changed();
		this.#links.drop('local:');
		this.#links.keep('local:');
		/* What we have dialled before we knew of another tab waits for our turn from now on. */
		for (const { id, uri, dialled } of this.#node.links())
			if (dialled && OUTSIDE.test(uri))
				this.#links.again(uri, id);
	}

	#changed() {
		const waiting = [...this.#waiting];

		this.#waiting.clear();
		waiting.forEach((resume) => resume());
	}

	#change(signal) {
		return new Promise((resolve, reject) => {
			const stop = () => reject(signal.reason);

			signal.addEventListener('abort', stop, { once: true });
			this.#waiting.add(() => {
				signal.removeEventListener('abort', stop);
				resolve();
			});
		});
	}

	/** For the dialer of "local:": a pipe to the leader. UNREACHABLE: it is us. */
	async dial(signal) {
		signal.throwIfAborted();
		while (this.#leader === null)
			await this.#change(signal);
		if (this.leading)
			throw new LenoError('UNREACHABLE', 'this tab leads the others');
		return this.#dialTo(this.#leader, signal);
	}

	#dialTo(leader, signal) {
		const dial = crypto.randomUUID();
		const channel = new BroadcastChannel(`${this.#name}/${dial}`);

		return new Promise((resolve, reject) => {
			const fail = (reason) => {
				channel.close();
				reject(reason);
			};
			const timer = setTimeout(() =>
				fail(new LenoError('UNREACHABLE', 'the leading tab does not answer')), ANSWER_MS);

			signal.addEventListener('abort', () => fail(signal.reason), { once: true });
			channel.onmessage = () => {
				clearTimeout(timer);
				resolve(new TabPipe(channel, leader));
			};
			this.#say({ from: this.#tab, to: leader, dial });
		});
	}

	/** Before an address outside is dialled: resolves when this tab leads; meanwhile the leader
	 * has been told of the address. */
	async turn(uri, signal) {
		signal.throwIfAborted();
		while (!this.leading) {
			if (this.#leader !== null)
				this.#say({ from: this.#tab, to: this.#leader, want: uri });
			await this.#change(signal);
		}
	}

	/* ---- both ---- */

	#say(message) {
		if (!this.#off.signal.aborted)
			this.#channel.postMessage(message);
	}

	#hear(message) {
		if (typeof message !== 'object' || message === null)
			return;
		if (message.who && this.leading)
			this.#say({ lead: this.#tab });
		if (message.lead)
			this.#follow(message.lead);
		if (message.to !== this.#tab || !this.leading)
			return;
		if (typeof message.dial === 'string')
			this.#accept(message);
		if (typeof message.want === 'string')
			this.#dialFor(message);
	}

	/** Leads no longer, and is no tab any more that others could find. */
	stop() {
		this.#off.abort(new LenoError('CLOSED'));
		this.#channel.close();
		this.#release?.();
		this.leading = false;
	}
}

const tabs = new WeakMap(); /* node -> its Tabs */

/** The finder of "local:". SYSTEM: there are no Web Locks here. */
export function findTabs(uri, node, links) {
	if (typeof BroadcastChannel === 'undefined' || !globalThis.navigator?.locks)
		throw new LenoError('SYSTEM', 'local: needs a page by https, or of localhost');
	const own = new Tabs(node, links);
	const stop = () => own.stop();

	stop.following = () => !own.leading;
	tabs.set(node, own);
	return stop;
}

/** The dialer of "local:". */
export async function dialTabs(uri, { node, signal }) {
	const own = tabs.get(node);

	if (!own)
		throw new LenoError('URI', 'discover("local:") comes first');
	return own.dial(signal);
}

/** Before anything else is dialled: waits until this tab leads. What others have only said of
 * themselves is not waited for. */
export async function beforeOutside(uri, { node, signal, hearsay }) {
	const own = tabs.get(node);

	if (!own || own.leading || uri.startsWith('local:'))
		return;
	if (hearsay)
		throw new LenoError('UNREACHABLE', 'another tab has the links to the outside');
	await own.turn(uri, signal);
}
