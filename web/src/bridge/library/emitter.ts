type Listener = (data: unknown) => void;

/** Passes events to listeners. Those named in `sticky` are states: later listeners get them too. */
export class Emitter {
	readonly #listeners = new Map<string, { listener: Listener; once: boolean }[]>();
	readonly #sticky: string[];
	readonly #last = new Map<string, unknown>();

	constructor(sticky: string[]) {
		this.#sticky = sticky;
	}

	on(name: string, listener: Listener, once = false) {
		const entry = { listener, once };
		this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), entry]);
		if (!this.#last.has(name)) return;
		const data = this.#last.get(name);
		queueMicrotask(() => {
			if (this.#listeners.get(name)?.includes(entry)) this.#call(name, entry, data);
		});
	}

	off(name: string, listener?: Listener) {
		const left = (this.#listeners.get(name) ?? []).filter((entry) => listener && entry.listener !== listener);
		this.#listeners.set(name, left);
	}

	emit(name: string, data: unknown) {
		if (this.#sticky.includes(name)) this.#last.set(name, data);
		for (const entry of this.#listeners.get(name) ?? []) this.#call(name, entry, data);
	}

	/** The states no longer hold. */
	forget() {
		this.#last.clear();
	}

	#call(name: string, entry: { listener: Listener; once: boolean }, data: unknown) {
		const { listener, once } = entry;
		if (once)
			this.#listeners.set(
				name,
				(this.#listeners.get(name) ?? []).filter((other) => other !== entry),
			);
		guarded(listener, data);
	}
}

/** An exception in the embedding page's own code is reported there, and stops nothing else. */
export function guarded(work: (data: unknown) => unknown, data: unknown) {
	try {
		work(data);
	} catch (error) {
		reportError(error);
	}
}
