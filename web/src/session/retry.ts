/** How soon a request that a busy server has refused is repeated: later each time, up to the second value. */
export const AGAIN_MS = 1000;
const AGAIN_MAX_MS = 10_000;

export const later = (delay: number) => Math.min(2 * delay, AGAIN_MAX_MS);

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Repeats an action that the server may refuse for a while, until it succeeds or is no longer wanted. */
export async function persist(what: string, act: () => Promise<void>, wanted: () => boolean) {
	for (let delay = AGAIN_MS; wanted(); delay = later(delay)) {
		try {
			return await act();
		} catch (error) {
			// A broken connection is no news: after the next admission, this is called again.
			if (!wanted()) return;
			console.error(`amphi: ${what} failed`, error);
		}
		await pause(delay);
	}
}

/** Counts WebSockets: anything that belongs to an earlier one is out of date. */
export class Turn {
	#number = 0;
	#over = false;

	/** Begins the next turn; returns a function that says whether it is still the current one. */
	next(): () => boolean {
		this.#number++;
		return this.now();
	}

	/** The same for the present turn. */
	now(): () => boolean {
		const number = this.#number;
		return () => number === this.#number && !this.#over;
	}

	/** Ends the last turn. */
	end() {
		this.#over = true;
	}
}
