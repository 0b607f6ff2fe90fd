/** The URL in normalized form, if it is an https URL. */
export function httpsUrl(text: string): string | undefined {
	try {
		const url = new URL(text);
		return url.protocol === 'https:' ? url.href : undefined;
	} catch {
		return undefined;
	}
}
