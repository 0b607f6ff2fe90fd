import { tileKey } from '../media/sight';

/** One tile: a participant, or the screen that one shares. */
export interface TileName {
	/** The same for as long as the tile lives. */
	key: string;
	peerId: string;
	share: boolean;
	local: boolean;
}

export interface Person {
	id: string;
	/** Whether there is video. */
	video: boolean;
	/** Whether a screen is shared. */
	share: boolean;
}

const tile = (peerId: string, share: boolean, local: boolean): TileName => ({
	key: tileKey(peerId, share),
	peerId,
	share,
	local,
});

/** The others' tiles: screens first, then people in order of joining, those with video first if sortPeers is set. */
export function orderTiles(others: Person[], sortPeers: boolean): TileName[] {
	const people = sortPeers ? [...others.filter(({ video }) => video), ...others.filter(({ video }) => !video)] : others;
	return [
		...others.filter(({ share }) => share).map(({ id }) => tile(id, true, false)),
		...people.map(({ id }) => tile(id, false, false)),
	];
}

export const ownTile = (peerId: string) => tile(peerId, false, true);

/** Puts the participant's own tile last among those that are visible without scrolling. */
export function placeOwn(others: TileName[], own: TileName, seen: number): TileName[] {
	const at = Math.max(0, Math.min(others.length, seen - 1));
	return [...others.slice(0, at), own, ...others.slice(at)];
}

interface StageWish {
	pinned: { peerId: string; share: boolean } | null;
	/** auto: a shared screen is shown large, people all in the same size. */
	layout: 'auto' | 'grid' | 'speaker';
	/** The other participant who spoke last. */
	speaker: string | null;
}

/** The tile to show large; null: all in the same size. A pinned tile wins, then a screen, then the speaker. */
export function stageTile(tiles: TileName[], { pinned, layout, speaker }: StageWish): TileName | null {
	const find = (wanted: (tile: TileName) => boolean) => tiles.find(wanted) ?? null;
	const chosen = pinned && find(({ peerId, share }) => peerId === pinned.peerId && share === pinned.share);
	if (chosen) return chosen;
	const screen = layout === 'grid' ? null : find(({ share }) => share);
	if (screen || layout !== 'speaker') return screen;
	return find(({ peerId, local }) => !local && peerId === speaker) ?? find(({ local }) => !local);
}
