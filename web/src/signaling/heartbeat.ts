/** After this long a silence, the page asks whether the server is still there. */
export const QUIET_MS = 5000;
/** Without an answer by then, the page considers the server stalled … */
export const STALLED_MS = 4000;
/** … and by then, a new WebSocket is the better choice. */
export const DEAD_MS = 12_000;

interface Owner {
	/** Resolves or rejects with the answer, whatever it is, or when the WebSocket breaks. */
	ask(): Promise<unknown>;
	stalled(): void;
	/** The answer has come after all. */
	recovered(): void;
	dead(): void;
}

/**
 * Notices that a server stalls while its WebSocket stays open: nothing else would tell the page. Any message from the server
 * is as good a sign of life as an answer, so a busy room needs no requests.
 */
export class Heartbeat {
	readonly #owner: Owner;
	#timers: ReturnType<typeof setTimeout>[] = [];
	#heard = 0;
	#beating = false;
	#stalled = false;

	constructor(owner: Owner) {
		this.#owner = owner;
	}

	/** Something arrived from the server. */
	hear() {
		this.#heard = Date.now();
	}

	/** The server answers requests from now on. */
	start() {
		if (this.#beating) return;
		this.#beating = true;
		this.hear();
		this.#wait(QUIET_MS);
	}

	/** The WebSocket is gone: anything later belongs to another one. */
	stop() {
		this.#beating = this.#stalled = false;
		this.#clear();
	}

	#clear() {
		for (const timer of this.#timers.splice(0)) clearTimeout(timer);
	}

	#wait(ms: number) {
		this.#timers.push(setTimeout(() => this.#look(), ms));
	}

	#look() {
		this.#clear();
		const quiet = Date.now() - this.#heard;
		if (quiet < QUIET_MS) this.#wait(QUIET_MS - quiet);
		else void this.#ask();
	}

	async #ask() {
		const asked = this.#timers;
		const stall = () => {
			this.#stalled = true;
			this.#owner.stalled();
		};
		asked.push(
			setTimeout(stall, STALLED_MS),
			setTimeout(() => this.#owner.dead(), DEAD_MS),
		);
		await this.#owner.ask().catch(() => {});
		// Stopped meanwhile, and perhaps started again.
		if (!this.#beating || asked.length === 0) return;
		this.#clear();
		if (this.#stalled) this.#owner.recovered();
		this.#stalled = false;
		this.#wait(QUIET_MS);
	}
}
