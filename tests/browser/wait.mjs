/** Before something counts as broken. Waits end as soon as it has come; a machine with other tests on it is slow. */
export const PATIENCE_MS = 30_000;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Waits until check() gives something true, and returns it. What throws counts as not yet. In the end it fails with
 * what was awaited, and with what describe() says of the state then.
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

/** Watches for a while that check() stays true: for what must not happen. */
export async function holds(what, check, { during, every = 200 }) {
	const deadline = performance.now() + during;
	while (performance.now() < deadline) {
		if (!(await check())) throw new Error(`${what}: did not last for ${during} ms`);
		await sleep(every);
	}
}
