import { expect, test } from 'vitest';
import { tileWidth } from './layout';

const wide = { width: 1280, height: 720 };

test('one tile fills the box', () => expect(tileWidth(1, wide, 8, 16 / 9)).toBe(1280));

test('four tiles make two rows of two', () => {
	expect(tileWidth(4, wide, 8, 16 / 9)).toBe(Math.floor(((720 - 8) / 2) * (16 / 9)));
});

test('on a phone two tiles stand one above the other', () => {
	expect(tileWidth(2, { width: 374, height: 700 }, 8, 4 / 3)).toBe(374);
});

test('tiles never become too small to show a face', () => {
	expect(tileWidth(50, { width: 374, height: 600 }, 8, 4 / 3)).toBe(150);
	expect(tileWidth(1, { width: 0, height: 0 }, 8, 4 / 3)).toBe(0);
});
