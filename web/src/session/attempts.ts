import type { Refusal } from '../signaling/refusal';

/** How many WebSockets in a row may fail to open while the server answers: then something between the two blocks them. */
export const BLOCKED_MAX = 4;

/** How long a newcomer retries when its network has too many WebSockets; dead ones count for a while. */
export const CROWDED_MS = 60_000;

/** Counts the attempts to reach the server that failed, and says when another attempt is pointless. */
export class Attempts {
	/** The WebSocket has been open … */
	#opened = false;
	/** … or so many times in a row it was not, though the server knows no reason. */
	#blocked = 0;
	/** When the network was first found to have too many WebSockets; null: it has not. */
	#crowdedSince: number | null = null;

	/** One has succeeded. */
	opened() {
		this.#opened = true;
		this.#crowdedSince = null;
	}

	/**
	 * One has failed. why: what the server says about it, as askWhy() has it; inside: the participant was in the room, or
	 * before its door; now: in ms. Returns why trying ends; null: it goes on.
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

	/** Where an office loses its network all of it comes back at once, to its own dead WebSockets. */
	#mayPass({ reason }: Refusal, inside: boolean, now: number): boolean {
		if (reason !== 'too-many-connections') return false;
		this.#crowdedSince ??= now;
		return inside || now - this.#crowdedSince < CROWDED_MS;
	}
}
