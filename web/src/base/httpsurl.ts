/** The URL, written as browsers do, if it is one of a page over TLS. */
export function httpsUrl(text: string): string | undefined {
	try {
		const url = new URL(text);
		return url.protocol === 'https:' ? url.href : undefined;
	} catch {
		return undefined;
	}
}
