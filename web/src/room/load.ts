type Inside = typeof import('./inside');

/** Null until it is loaded; there is no visit before that. */
export let inside: Inside | null = null;

export async function loadInside(): Promise<Inside> {
	return (inside = await import('./inside'));
}
