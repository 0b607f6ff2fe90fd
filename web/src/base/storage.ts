const PREFIX = 'amphi.';

/** What this browser remembers between visits. In a third party's iframe the storage may be blocked: then nothing. */
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
		// Blocked or full: the choice holds until the page is closed.
	}
}
