/** How soon what a busy server has refused is tried again: later each time, up to the second. */
export const AGAIN_MS = 1000;
const AGAIN_MAX_MS = 10_000;

export const later = (delay: number) => Math.min(2 * delay, AGAIN_MAX_MS);

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Does what the server may refuse for a while, as often as it takes. wanted: there is somebody left to ask, and for. */
export async function persist(what: string, act: () => Promise<void>, wanted: () => boolean) {
	for (let delay = AGAIN_MS; wanted(); delay = later(delay)) {
		try {
			return await act();
		} catch (error) {
			// A broken connection is no news: the next admission comes here again.
			if (!wanted()) return;
			console.error(`amphi: ${what} failed`, error);
		}
		await pause(delay);
	}
}

/** Counts WebSockets: what belongs to an earlier one is out of date. */
export class Turn {
	#number = 0;
	#over = false;

	/** The next one begins; returns whether it is still going on. */
	next(): () => boolean {
		this.#number++;
		return this.now();
	}

	/** Whether the present one is still going on. */
	now(): () => boolean {
		const number = this.#number;
		return () => number === this.#number && !this.#over;
	}

	/** There is no other one. */
	end() {
		this.#over = true;
	}
}
