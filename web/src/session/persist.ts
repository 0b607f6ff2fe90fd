/** How soon a request that a busy server has refused is repeated: later each time, up to AGAIN_MAX_MS. */
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
			// A broken connection is no news: the next admission starts this again.
			if (!wanted()) return;
			console.error(`amphi: ${what} failed`, error);
		}
		await pause(delay);
	}
}
