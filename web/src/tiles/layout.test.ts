import { expect, test } from 'vitest';
import { tileSize } from './layout';

const desktop = { width: 1280, height: 720 };
const phone = { width: 374, height: 766 };

test('one tile fills the box', () => expect(tileSize(1, desktop, 8)).toEqual(desktop));

test('four tiles make two rows of two, six on a phone three', () => {
	expect(tileSize(4, desktop, 8)).toEqual({ width: 632, height: 356 });
	expect(tileSize(6, phone, 8)).toEqual({ width: 183, height: 244 });
});

test('on a phone two tiles stand one above the other', () => {
	expect(tileSize(2, phone, 8)).toEqual({ width: 374, height: 379 });
});

test('a picture is never wider than 16:9', () => {
	expect(tileSize(1, { width: 1600, height: 450 }, 8)).toEqual({ width: 800, height: 450 });
});

test('tiles never become too small to show a face', () => {
	expect(tileSize(50, phone, 8)).toEqual({ width: 150, height: 150 });
	expect(tileSize(1, { width: 0, height: 0 }, 8)).toEqual({ width: 0, height: 0 });
});
