/** The smallest tile that still shows a face; with more tiles than fit at this width the grid scrolls. */
const SMALLEST = 150;

/** How wide tiles can be at most, so that all of them fit into the box. */
export function tileWidth(count: number, box: { width: number; height: number }, gap: number, aspect: number): number {
	let best = 0;
	for (let columns = 1; columns <= count; columns++) {
		const rows = Math.ceil(count / columns);
		const byWidth = (box.width - gap * (columns - 1)) / columns;
		const byHeight = ((box.height - gap * (rows - 1)) / rows) * aspect;
		best = Math.max(best, Math.min(byWidth, byHeight));
	}
	return Math.max(Math.floor(best), Math.min(SMALLEST, box.width));
}
