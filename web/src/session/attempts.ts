import type { Refusal } from '../signaling/refusal';

/** After this many WebSockets in a row that do not open though the server answers, something on the way must block them. */
export const BLOCKED_MAX = 4;

/** How long a newcomer retries if their network has too many WebSockets; dead ones still count for a while. */
export const CROWDED_MS = 60_000;

/** Counts the attempts to reach the server that failed, and says when another attempt is pointless. */
export class Attempts {
	/** A WebSocket has been open at least once. */
	#opened = false;
	/** How many in a row have failed to open, though the server knew no reason. */
	#blocked = 0;
	/** When the network was first found to have too many WebSockets; null: it does not. */
	#crowdedSince: number | null = null;

	/** An attempt has succeeded. */
	opened() {
		this.#opened = true;
		this.#crowdedSince = null;
	}

	/**
	 * An attempt has failed. why: the result of askWhy(); inside: the participant was in the room, or waiting to be let in;
	 * now: in ms. Returns why the page gives up; null: it keeps trying.
	 */
	failed(why: Refusal | 'fine' | null, inside: boolean, now: number): Refusal | null {
		if (why !== null && why !== 'fine') {
			this.#blocked = 0;
			return this.#mayPass(why, inside, now) ? null : why;
		}
		this.#blocked = why === 'fine' && !this.#opened ? this.#blocked + 1 : 0;
		if (this.#blocked < BLOCKED_MAX) return null;
		return { reason: 'websocket-blocked', message: 'the server answers, but no WebSocket to it opens' };
	}

	/** After an outage, an office comes back all at once, while its own dead WebSockets still count. */
	#mayPass({ reason }: Refusal, inside: boolean, now: number): boolean {
		if (reason !== 'too-many-connections') return false;
		this.#crowdedSince ??= now;
		return inside || now - this.#crowdedSince < CROWDED_MS;
	}
}
