import { beforeEach, expect, test } from 'vitest';
import { Store } from '../base/store';
import { NO_MEDIA } from '../media/subscriber';
import type { Path } from '../media/transport';
import type { PeerInfo } from '../signaling/messages';
import type { Notice } from './notices';
import { People } from './people';
import { initialState, type VisitState } from './state';

const SCREEN = {} as MediaStreamTrack;
const person = (id: string, speaker = true) =>
	({ id, displayName: id.toUpperCase(), speaker, moderator: false, device: {} }) as PeerInfo;

let sharing: Set<string>;
let told: Notice[];
let media: { path: Path; mediaOf(id: string): typeof NO_MEDIA };
let state: Store<VisitState>;
let people: People;

beforeEach(() => {
	sharing = new Set();
	told = [];
	media = { path: 'open', mediaOf: (id) => ({ ...NO_MEDIA, share: sharing.has(id) ? SCREEN : null }) };
	state = new Store(initialState('p', 'P'));
	people = new People(state, media, (notice) => told.push(notice));
});

const ids = (peers: { id: string }[]) => peers.map(({ id }) => id).join(' ');

test('speakers have tiles, a webinar’s viewers are listed apart, both in order of joining', () => {
	people.replace([person('b'), person('v', false), person('a')]);
	expect(ids(state.value.peers)).toBe('b a');
	expect(ids(state.value.viewers)).toBe('v');
	people.set(person('v'));
	expect(ids(state.value.peers)).toBe('b v a');
	expect(ids(state.value.viewers)).toBe('');
});

test('only what the page draws of people is kept', () => {
	people.replace([person('a')]);
	expect(state.value.peers).toEqual([{ id: 'a', displayName: 'A', speaker: true, moderator: false, ...NO_MEDIA }]);
});

test('a complete list replaces the one before', () => {
	people.replace([person('a'), person('b')]);
	people.replace([person('b'), person('c')]);
	expect(ids(state.value.peers)).toBe('b c');
	expect(people.get('a')).toBe(undefined);
});

test('a new name is drawn; that of somebody who has left is ignored', () => {
	people.replace([person('a')]);
	people.rename('a', 'Another');
	people.rename('gone', 'Nobody');
	expect(state.value.peers).toMatchObject([{ id: 'a', displayName: 'Another' }]);
});

test('somebody who is forgotten is drawn until the next refresh', () => {
	people.replace([person('a'), person('b')]);
	people.forget('a');
	expect(ids(state.value.peers)).toBe('a b');
	people.refresh();
	expect(ids(state.value.peers)).toBe('b');
});

test('a screen is announced once when it comes, and once when it goes', () => {
	people.replace([person('a'), person('b')]);
	sharing.add('a');
	people.refresh();
	people.refresh();
	expect(told).toEqual([{ what: 'share-on', name: 'A' }]);
	sharing.clear();
	people.refresh();
	expect(told.slice(1)).toEqual([{ what: 'share-off', name: 'A' }]);
});

test('a screen also goes when its owner leaves', () => {
	sharing.add('a');
	people.replace([person('a')]);
	people.replace([]);
	expect(told.map(({ what }) => what)).toEqual(['share-on', 'share-off']);
});

test('the state has changed before a screen is announced', () => {
	const seen: string[] = [];
	people = new People(state, media, () => seen.push(ids(state.value.peers.filter(({ share }) => share))));
	sharing.add('a');
	people.replace([person('a')]);
	expect(seen).toEqual(['a']);
});

test('the media path is refreshed with the people', () => {
	media.path = 'blocked';
	people.refresh();
	expect(state.value.path).toBe('blocked');
});
