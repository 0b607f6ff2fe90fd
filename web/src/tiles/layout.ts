export interface Size {
	width: number;
	height: number;
}

/** The smallest tile that still shows a face; with more tiles than fit at this width the grid scrolls. */
const SMALLEST = 150;

/**
 * The size at which the tiles are largest and still fit into the box. Their shape may vary, for a picture loses little at
 * its edges: on upright screens, where two wide pictures side by side would be tiny, even to an upright picture.
 */
export function tileSize(count: number, box: Size, gap: number): Size {
	const narrowest = box.width < box.height ? 3 / 4 : 4 / 3;
	let best: Size = { width: 0, height: 0 };
	for (let columns = 1; columns <= count; columns++) {
		const rows = Math.ceil(count / columns);
		const cell = {
			width: (box.width - gap * (columns - 1)) / columns,
			height: (box.height - gap * (rows - 1)) / rows,
		};
		const height = Math.min(cell.height, cell.width / narrowest);
		const width = Math.min(cell.width, (height * 16) / 9);
		if (width * height > best.width * best.height) best = { width, height };
	}
	if (best.width < SMALLEST) {
		const width = Math.min(SMALLEST, box.width);
		best = { width, height: width / Math.max(narrowest, 1) };
	}
	return { width: Math.floor(best.width), height: Math.floor(best.height) };
}
