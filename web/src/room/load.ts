type Inside = typeof import('./inside');

/** Null until it is loaded; before that, there is no visit to show. */
export let inside: Inside | null = null;

export async function loadInside(): Promise<Inside> {
	return (inside = await import('./inside'));
}
