export interface Size {
	width: number;
	height: number;
}

export interface Rect extends Size {
	x: number;
	y: number;
}

/** Where the tiles go, in their order. Tiles beyond the box are reached by scrolling. */
export interface Arrangement {
	rects: Rect[];
	/** The size of all tiles together: as large as the box, or larger in the one direction that scrolls. */
	content: Size;
	/** How many tiles are visible without scrolling. */
	seen: number;
}

export const GAP = 8;

/** The narrowest tile that still shows a face and a name. */
const SMALLEST = 132;
/** A wider tile would crop too much of the video. A single tile may fill its box. */
const WIDEST = 16 / 9;
const WIDEST_ALONE = 2.1;

const clamp = (value: number, least: number, most: number) => Math.max(least, Math.min(most, value));

/**
 * All tiles alike, as large as they fit. Their shape may vary, since cropping the edges of video costs little: on upright
 * screens, where two wide tiles side by side would be tiny, they may even be upright. If not all tiles fit at a size that
 * shows a face, the grid scrolls; with `minimize`, the tiles get smaller instead.
 */
export function gridLayout(count: number, box: Size, minimize = false): Arrangement {
	const narrowest = box.width < box.height ? 3 / 4 : 4 / 3;
	const widest = count === 1 ? WIDEST_ALONE : WIDEST;
	let best = { width: 0, height: 0, columns: 1 };
	for (let columns = 1; columns <= count; columns++) {
		const rows = Math.ceil(count / columns);
		const cell = {
			width: (box.width - GAP * (columns - 1)) / columns,
			height: (box.height - GAP * (rows - 1)) / rows,
		};
		const height = Math.min(cell.height, count === 1 ? Infinity : cell.width / narrowest);
		const width = Math.min(cell.width, height * widest);
		if (width > 0 && width * height > best.width * best.height) best = { width, height, columns };
	}
	if (!minimize && best.width < SMALLEST) {
		const columns = Math.max(1, Math.floor((box.width + GAP) / (SMALLEST + GAP)));
		const width = (box.width - GAP * (columns - 1)) / columns;
		best = { width, height: width / Math.max(narrowest, 1), columns };
	}
	const tile = { width: Math.floor(best.width), height: Math.floor(best.height) };
	return rows(count, box, tile, best.columns);
}

/** Rows of equal tiles in the middle of the box, or from its top if there are too many. */
function rows(count: number, box: Size, tile: Size, columns: number): Arrangement {
	const number = Math.ceil(count / columns);
	const height = number * (tile.height + GAP) - GAP;
	const top = Math.max(0, Math.floor((box.height - height) / 2));
	const rects = Array.from({ length: count }, (_, i) => {
		const row = Math.floor(i / columns);
		const inRow = Math.min(columns, count - row * columns);
		const left = Math.floor((box.width - inRow * (tile.width + GAP) + GAP) / 2);
		return { x: left + (i % columns) * (tile.width + GAP), y: top + row * (tile.height + GAP), ...tile };
	});
	const full = Math.max(1, Math.floor((box.height + GAP) / (tile.height + GAP)));
	return {
		rects,
		content: { width: box.width, height: Math.max(box.height, height) },
		seen: Math.min(count, full * columns),
	};
}

/**
 * The first tile large; the others in a strip next to it, or below it on upright screens. With `minimize`, a strip that
 * would have to scroll becomes a small grid.
 */
export function stageLayout(count: number, box: Size, minimize = false): Arrangement {
	if (count <= 1) return { rects: count ? [{ x: 0, y: 0, ...box }] : [], content: box, seen: count };
	const upright = box.width < box.height;
	const plain = upright ? stageAboveStrip(count, box) : stageBesideStrip(count, box);
	return minimize && plain.seen < count ? stageWithGrid(count, box, upright) : plain;
}

/** A shared screen is wide: on an upright display it stays at the top, and the others form a grid in the rest. */
export function screenLayout(count: number, box: Size, minimize = false): Arrangement {
	if (count <= 1 || box.width >= box.height) return stageLayout(count, box, minimize);
	const stage = { width: box.width, height: Math.floor(Math.min(box.width / 1.6, box.height / 2)) };
	const top = stage.height + GAP;
	const grid = gridLayout(count - 1, { width: box.width, height: box.height - top }, minimize);
	return {
		rects: [{ x: 0, y: 0, ...stage }, ...grid.rects.map((rect) => ({ ...rect, y: rect.y + top }))],
		content: { width: box.width, height: grid.content.height + top },
		seen: 1 + grid.seen,
	};
}

function stageWithGrid(count: number, box: Size, upright: boolean): Arrangement {
	const stage = upright ? { ...box, height: Math.floor(box.height * 0.6) } : { ...box, width: Math.floor(box.width * 0.7) };
	const offset = upright ? { x: 0, y: stage.height + GAP } : { x: stage.width + GAP, y: 0 };
	const rest = { width: box.width - offset.x, height: box.height - offset.y };
	const { rects } = gridLayout(count - 1, rest, true);
	const moved = rects.map((rect) => ({ ...rect, x: rect.x + offset.x, y: rect.y + offset.y }));
	return { rects: [{ x: 0, y: 0, ...stage }, ...moved], content: box, seen: count };
}

function stageBesideStrip(count: number, box: Size): Arrangement {
	const width = Math.floor(clamp(box.width * 0.17, SMALLEST, 300));
	const tile = { width, height: Math.floor(width / WIDEST) };
	const length = (count - 1) * (tile.height + GAP) - GAP;
	const top = Math.max(0, Math.floor((box.height - length) / 2));
	const stage = { x: 0, y: 0, width: Math.max(0, box.width - width - GAP), height: box.height };
	const strip = Array.from({ length: count - 1 }, (_, i) => ({
		x: box.width - width,
		y: top + i * (tile.height + GAP),
		...tile,
	}));
	const seen = 1 + Math.min(count - 1, Math.floor((box.height + GAP) / (tile.height + GAP)));
	return { rects: [stage, ...strip], content: { width: box.width, height: Math.max(box.height, length) }, seen };
}

function stageAboveStrip(count: number, box: Size): Arrangement {
	const height = Math.floor(clamp(box.height * 0.17, 84, 200));
	const tile = { width: Math.floor((height * 4) / 3), height };
	const length = (count - 1) * (tile.width + GAP) - GAP;
	const left = Math.max(0, Math.floor((box.width - length) / 2));
	const stage = { x: 0, y: 0, width: box.width, height: Math.max(0, box.height - height - GAP) };
	const strip = Array.from({ length: count - 1 }, (_, i) => ({
		x: left + i * (tile.width + GAP),
		y: box.height - height,
		...tile,
	}));
	const seen = 1 + Math.min(count - 1, Math.floor((box.width + GAP) / (tile.width + GAP)));
	return { rects: [stage, ...strip], content: { width: Math.max(box.width, length), height: box.height }, seen };
}

/** Two people: the first fills the box; the second is small, in the corner without the first one's name and buttons. */
export function pairLayout(box: Size): Arrangement {
	const upright = box.width < box.height;
	const width = Math.floor(clamp(box.width * 0.22, Math.min(104, box.width / 3), 300));
	const height = Math.floor(upright ? (width * 4) / 3 : width / WIDEST);
	const margin = Math.min(12, Math.floor(box.width / 30));
	const corner = {
		x: box.width - width - margin,
		y: box.height - height - margin,
		width,
		height,
	};
	return { rects: [{ x: 0, y: 0, ...box }, corner], content: box, seen: 2 };
}
