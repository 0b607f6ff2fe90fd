const PREFIX = 'amphi.';

/** What this browser remembers between visits: nothing if the storage is blocked, as it may be in a third-party iframe. */
export function recall(key: string): string | null {
	try {
		return localStorage.getItem(PREFIX + key);
	} catch {
		return null;
	}
}

export function remember(key: string, value: string) {
	try {
		localStorage.setItem(PREFIX + key, value);
	} catch {
		// Blocked or full: the choice lasts until the page is closed.
	}
}
