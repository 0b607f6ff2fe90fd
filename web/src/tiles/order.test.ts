import { expect, test } from 'vitest';
import { orderTiles, ownTile, placeOwn, stageTile } from './order';

const person = (id: string, video = true, share = false) => ({ id, video, share });
const keys = (tiles: { key: string }[]) => tiles.map(({ key }) => key).join(' ');

test('people appear in order of joining', () => {
	expect(keys(orderTiles([person('a', false), person('b'), person('c', false)], false))).toBe('a b c');
});

// proves U13
test('people with video come first; otherwise, the order of joining stays', () => {
	const people = [person('a', false), person('b'), person('c', false), person('d')];
	expect(keys(orderTiles(people, true))).toBe('b d a c');
	expect(
		keys(
			orderTiles(
				people.map((one) => ({ ...one, video: true })),
				true,
			),
		),
	).toBe('a b c d');
	expect(
		keys(
			orderTiles(
				people.map((one) => ({ ...one, video: false })),
				true,
			),
		),
	).toBe('a b c d');
});

test('screens come before people', () => {
	expect(keys(orderTiles([person('a'), person('b', true, true)], false))).toBe('b/share a b');
});

test('the own tile is the last one visible without scrolling', () => {
	const others = orderTiles(
		['a', 'b', 'c'].map((id) => person(id)),
		false,
	);
	expect(keys(placeOwn(others, ownTile('me'), 4))).toBe('a b c me');
	expect(keys(placeOwn(others, ownTile('me'), 2))).toBe('a me b c');
	expect(keys(placeOwn(others, ownTile('me'), 0))).toBe('me a b c');
	expect(keys(placeOwn([], ownTile('me'), 1))).toBe('me');
});

test('a pinned tile is shown large, whatever else there is', () => {
	const tiles = [...orderTiles([person('a', true, true), person('b')], false), ownTile('me')];
	const stage = (wish: Partial<Parameters<typeof stageTile>[1]>) =>
		stageTile(tiles, { pinned: null, layout: 'auto', speaker: null, ...wish })?.key ?? null;

	expect(stage({ pinned: { peerId: 'b', share: false } })).toBe('b');
	expect(stage({ pinned: { peerId: 'me', share: false }, layout: 'grid' })).toBe('me');
	expect(stage({ pinned: { peerId: 'a', share: false } })).toBe('a');
	// Somebody who is gone, or shares no longer.
	expect(stage({ pinned: { peerId: 'z', share: false }, layout: 'grid' })).toBeNull();
	expect(stage({ pinned: { peerId: 'b', share: true } })).toBe('a/share');
});

test('a shared screen is shown large, except in the grid layout', () => {
	const tiles = orderTiles([person('a'), person('b', true, true)], false);
	const wish = { pinned: null, speaker: 'a' };
	expect(stageTile(tiles, { ...wish, layout: 'auto' })?.key).toBe('b/share');
	expect(stageTile(tiles, { ...wish, layout: 'speaker' })?.key).toBe('b/share');
	expect(stageTile(tiles, { ...wish, layout: 'grid' })).toBeNull();
});

test('in the speaker layout the speaker is large, never the participant', () => {
	const tiles = [...orderTiles([person('a'), person('b')], false), ownTile('me')];
	const stage = (speaker: string | null) => stageTile(tiles, { pinned: null, layout: 'speaker', speaker })?.key;
	expect(stage('b')).toBe('b');
	expect(stage('me')).toBe('a');
	expect(stage(null)).toBe('a');
	expect(stageTile([ownTile('me')], { pinned: null, layout: 'speaker', speaker: null })).toBeNull();
	expect(stageTile(tiles, { pinned: null, layout: 'auto', speaker: 'a' })).toBeNull();
});
