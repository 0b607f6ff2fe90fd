import { describe, expect, test } from 'vitest';
import { type Arrangement, GAP, gridLayout, pairLayout, type Rect, screenLayout, type Size, stageLayout } from './layout';

const BOXES: Record<string, Size> = {
	phone: { width: 344, height: 640 },
	'phone on its side': { width: 724, height: 290 },
	laptop: { width: 1264, height: 632 },
	'laptop with a panel': { width: 900, height: 632 },
	wall: { width: 1904, height: 990 },
	'a small iframe': { width: 320, height: 180 },
};
const COUNTS = Array.from({ length: 50 }, (_, i) => i + 1);
const EACH = Object.entries(BOXES).map(([name, box]) => ({ name, box }));

const overlap = (a: Rect, b: Rect) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

/** Tiles that are empty, stick out, or overlap another one. */
const unsound = ({ rects, content }: Arrangement) =>
	rects.filter(
		(rect, i) =>
			rect.width <= 0 ||
			rect.height <= 0 ||
			rect.x < 0 ||
			rect.y < 0 ||
			rect.x + rect.width > content.width ||
			rect.y + rect.height > content.height ||
			rects.slice(i + 1).some((other) => overlap(rect, other)),
	);

const inside = ({ rects }: Arrangement, box: Size) =>
	rects.filter(({ x, y, width, height }) => x + width <= box.width && y + height <= box.height).length;
const area = (rects: Size[]) => rects.reduce((sum, { width, height }) => sum + width * height, 0);

describe.each(EACH)('grid on $name', ({ box, name }) => {
	test.each([
		{ what: 'tiles', minimize: false },
		{ what: 'minimized tiles', minimize: true },
	])('$what are inside, apart, alike and of good shape', ({ minimize }) => {
		for (const count of COUNTS) {
			const grid = gridLayout(count, box, minimize);
			expect(grid.rects, `${count}`).toHaveLength(count);
			expect(unsound(grid), `${count}`).toEqual([]);
			expect(grid.content.width).toBe(box.width);
			expect(grid.seen, `${count}`).toBe(Math.max(inside(grid, box), 1));
			const { width, height } = grid.rects[0]!;
			expect(grid.rects.every((rect) => rect.width === width && rect.height === height)).toBe(true);
			if (count === 1) continue;
			expect(width / height, `${count}`).toBeLessThan(1.86);
			expect(width / height, `${count}`).toBeGreaterThan(0.74);
		}
	});

	test('tiles are large enough for a face, or scroll', () => {
		for (const count of COUNTS)
			expect(gridLayout(count, box).rects[0]!.width, `${count}`).toBeGreaterThanOrEqual(Math.min(132, box.width));
	});

	// proves U09
	test('minimized, all tiles are visible without scrolling', () => {
		for (const count of COUNTS) expect(gridLayout(count, box, true)).toMatchObject({ content: box, seen: count });
	});

	test('tiles use the space well', () => {
		// In the small one, two tiles scroll where one and a half would fit.
		const least = name === 'a small iframe' ? 0.4 : 0.5;
		for (const count of COUNTS) {
			const { rects, content } = gridLayout(count, box);
			expect(area(rects) / area([content]), `${count}`).toBeGreaterThan(least);
		}
	});
});

describe('grid', () => {
	test('a laptop shows fifty people without scrolling; a phone scrolls, two side by side', () => {
		expect(gridLayout(50, BOXES.laptop!).seen).toBe(50);
		const phone = gridLayout(50, BOXES.phone!);
		expect(phone.rects[0]).toEqual({ x: 0, y: 0, width: 168, height: 168 });
		expect(phone.rects[1]!.x).toBe(168 + GAP);
		expect(phone.seen).toBe(6);
	});

	test('a single tile fills the box, unless the box is a narrow band', () => {
		expect(gridLayout(1, BOXES.laptop!).rects).toEqual([{ x: 0, y: 0, ...BOXES.laptop }]);
		expect(gridLayout(1, BOXES.phone!).rects).toEqual([{ x: 0, y: 0, ...BOXES.phone }]);
		expect(gridLayout(1, { width: 1600, height: 400 }).rects[0]).toEqual({ x: 380, y: 0, width: 840, height: 400 });
	});

	test('an incomplete row is centred', () => {
		const { rects } = gridLayout(3, BOXES.laptop!);
		expect(rects[2]!.x).toBe(Math.floor((BOXES.laptop!.width - rects[2]!.width) / 2));
	});

	test('a box that is not there yet has no layout', () => {
		expect(gridLayout(2, { width: 0, height: 0 }).rects).toHaveLength(2);
	});
});

describe('stage', () => {
	test.each(EACH)('on $name: inside, apart, the first the largest', ({ box }) => {
		for (const count of COUNTS) {
			const stage = stageLayout(count, box);
			expect(stage.rects).toHaveLength(count);
			expect(unsound(stage), `${count}`).toEqual([]);
			const [first, ...strip] = stage.rects;
			for (const tile of strip) expect(area([first!])).toBeGreaterThan(2 * area([tile]));
			expect(area([first!]) / area([box])).toBeGreaterThan(count === 1 ? 0.99 : 0.4);
			expect(stage.seen, `${count}`).toBe(inside(stage, box));
			// At most one direction scrolls.
			expect(stage.content.width === box.width || stage.content.height === box.height).toBe(true);
		}
	});

	// proves U09
	test.each(EACH)('on $name, minimized, no tile needs scrolling', ({ box }) => {
		for (const count of COUNTS) {
			const stage = stageLayout(count, box, true);
			expect(stage).toMatchObject({ content: box, seen: count });
			expect(unsound(stage), `${count}`).toEqual([]);
			const [first, ...strip] = stage.rects;
			for (const tile of strip) expect(area([first!])).toBeGreaterThan(2 * area([tile]));
		}
	});
});

describe('screen', () => {
	test.each(EACH)('on $name: inside, apart, the screen as wide as it can be', ({ box }) => {
		for (const count of COUNTS) {
			const screen = screenLayout(count, box);
			expect(screen.rects).toHaveLength(count);
			expect(unsound(screen), `${count}`).toEqual([]);
			expect(screen.seen, `${count}`).toBe(inside(screen, box));
			expect(screenLayout(count, box, true)).toMatchObject({ content: box, seen: count });
		}
	});

	test('upright, it keeps its shape and leaves the rest to the others', () => {
		const { rects, seen } = screenLayout(12, BOXES.phone!);
		expect(rects[0]).toEqual({ x: 0, y: 0, width: 344, height: 215 });
		expect(rects[1]!.y).toBe(215 + GAP);
		expect(seen).toBeGreaterThan(4);
		expect(screenLayout(1, BOXES.phone!).rects).toEqual([{ x: 0, y: 0, ...BOXES.phone }]);
	});
});

describe('pair', () => {
	test.each(EACH)('on $name the second is small and inside of the first', ({ box }) => {
		const { rects } = pairLayout(box);
		const [first, second] = rects as [Rect, Rect];
		expect(first).toEqual({ x: 0, y: 0, ...box });
		expect(second.x + second.width).toBeLessThan(box.width);
		expect(second.y + second.height).toBeLessThan(box.height);
		// Buttons are at the top, the name is on the left.
		expect(second.y).toBeGreaterThan(box.height / 3);
		expect(second.x).toBeGreaterThan(box.width / 2);
		expect(area([second]) / area([first])).toBeLessThan(0.2);
	});
});
