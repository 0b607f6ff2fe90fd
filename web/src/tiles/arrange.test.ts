import { expect, test } from 'vitest';
import { arrange } from './arrange';
import { orderTiles, ownTile } from './order';

const box = { width: 1264, height: 632 };
const others = (n: number) =>
	orderTiles(
		Array.from({ length: n }, (_, i) => ({ id: `p${i}`, video: true, share: false })),
		false,
	);
const own = ownTile('me');
const shown = (...args: Parameters<typeof arrange>) => {
	const { kind, tiles, rects } = arrange(...args);
	expect(rects).toHaveLength(tiles.length);
	return `${kind}: ${tiles.map(({ key }) => key).join(' ')}`;
};

test('with one other person, the own tile is in the corner of theirs', () => {
	expect(shown(others(1), own, null, box, false)).toBe('pair: p0 me');
	expect(shown(others(1), own, own, box, false)).toBe('pair: me p0');
	expect(shown(others(0), own, null, box, false)).toBe('grid: me');
	expect(shown(others(2), own, null, box, false)).toBe('grid: p0 p1 me');
	expect(shown(others(2), null, null, box, false)).toBe('grid: p0 p1');
});

test('with a large tile, the others form a strip, the own one first', () => {
	const three = others(3);
	expect(shown(three, own, three[1]!, box, false)).toBe('stage: p1 me p0 p2');
	expect(shown(three, null, three[1]!, box, false)).toBe('stage: p1 p0 p2');
});

test('a screen is never covered', () => {
	const screen = orderTiles([{ id: 'a', video: true, share: true }], false);
	expect(shown(screen, null, screen[0]!, box, false)).toBe('stage: a/share a');
	expect(shown(screen, own, screen[0]!, box, false)).toBe('stage: a/share me a');
});

test('if a phone scrolls, the own tile is among the visible ones', () => {
	const phone = { width: 344, height: 640 };
	const { tiles, seen } = arrange(others(49), own, null, phone, false);
	expect(tiles.indexOf(own)).toBe(seen - 1);
	expect(arrange(others(49), own, null, phone, true)).toMatchObject({ seen: 50, content: phone });
});
