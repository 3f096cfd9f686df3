// room.js - how much a pipe is given before its node keeps the rest: as much as leaves within
// AHEAD_MS, so that it never runs dry while nobody looks; and no more, since what a pipe has can
// be overtaken by nothing.
const LEAST = 256 * 1024;      // bytes
const AHEAD_MS = 16;
const SPAN_MS = 2;             // shorter ones say nothing: a clock of a page has tenths

export class Room {
	full = LEAST;
	#most;
	#given = 0;
	#gone = 0;
	#at = 0;

	constructor(most) {
		this.#most = most;
	}

	/** So few bytes, and there is room again. */
	get low() { return this.full / 2; }

	given(size) { this.#given += size; }

	/** Looks at how fast it was, while `left` have not gone yet. */
	look(left, now = performance.now()) {
		if (now - this.#at < SPAN_MS)
			return;
		const gone = this.#given - left, speed = (gone - this.#gone) / (now - this.#at);

		this.full = Math.min(Math.max(speed * AHEAD_MS, LEAST), this.#most);
		this.#gone = gone;
		this.#at = now;
	}
}
