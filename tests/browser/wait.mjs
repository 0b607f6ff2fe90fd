/** How long before something counts as broken. Waits end as soon as the condition holds; a busy machine is slow. */
export const PATIENCE_MS = 30_000;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Waits until check() returns something true, and returns that. An exception counts as "not yet". On timeout it fails
 * with the name of the condition, and with the state that describe() returns.
 */
export async function until(what, check, { timeout = PATIENCE_MS, every = 100, describe = () => '' } = {}) {
	const deadline = performance.now() + timeout;
	let error;
	for (;;) {
		try {
			const value = await check();
			if (value) return value;
			error = undefined;
		} catch (thrown) {
			error = thrown;
		}
		if (performance.now() > deadline) break;
		await sleep(every);
	}
	const state = await Promise.resolve().then(describe).catch(String);
	throw new Error(`${what}: not within ${timeout} ms; ${error ?? ''} ${state ? JSON.stringify(state) : ''}`.trim());
}

/** Checks for a while that check() stays true: for things that must not happen. */
export async function holds(what, check, { during, every = 200 }) {
	const deadline = performance.now() + during;
	while (performance.now() < deadline) {
		if (!(await check())) throw new Error(`${what}: did not last for ${during} ms`);
		await sleep(every);
	}
}
