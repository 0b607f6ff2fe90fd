/** A value that the page watches. It is replaced, never changed in place. */
export class Store<T extends object> {
	#value: T;
	readonly #listeners = new Set<() => void>();

	constructor(value: T) {
		this.#value = value;
	}

	get value(): T {
		return this.#value;
	}

	update(patch: Partial<T>) {
		this.#value = { ...this.#value, ...patch };
		for (const listener of [...this.#listeners]) listener();
	}

	/** Calls the listener at every change; returns a function that stops it. */
	subscribe(listener: () => void): () => void {
		this.#listeners.add(listener);
		return () => void this.#listeners.delete(listener);
	}
}

/** Waits until the value meets a condition, and resolves to it. */
export function settled<T extends object>(store: Store<T>, fits: (value: T) => boolean): Promise<T> {
	return new Promise((resolve) => {
		const check = () => {
			if (!fits(store.value)) return;
			stop();
			resolve(store.value);
		};
		const stop = store.subscribe(check);
		check();
	});
}
