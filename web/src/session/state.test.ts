import { expect, test } from 'vitest';
import { admittedState, initialState, leaderState, withHand, withWaiting } from './state';

const RIGHTS = { speaker: true, moderator: false, canRecord: false, chat: true, hand: false };
const admission = {
	...RIGHTS,
	peerId: 'p2',
	nameIsFixed: false,
	room: { waitingRoom: true },
	capabilities: '7',
	recording: null,
};
const state = { ...initialState('p', 'Ann'), waiting: true, missing: true };

test('an admission ends the wait, and sets id, name and rights', () => {
	expect(admittedState(state, admission)).toEqual({
		waiting: false,
		missing: false,
		peerId: 'p2',
		name: 'Ann',
		rights: RIGHTS,
		info: { waitingRoom: true },
	});
});

test('only a fixed name replaces one’s own', () => {
	const name = (more: object) => admittedState(state, { ...admission, ...more }).name;
	expect(name({ displayName: 'Bob' })).toBe('Ann');
	expect(name({ displayName: 'Bob', nameIsFixed: true })).toBe('Bob');
	expect(name({ displayName: '', nameIsFixed: true })).toBe('Ann');
});

test('the last leader is one of the others, even in silence and during one’s own lead', () => {
	const steps = (leaders: (string | null)[]) => {
		let now = initialState('p', '');
		for (const leader of leaders) now = { ...now, ...leaderState(now, leader) };
		return now;
	};
	expect(steps(['q'])).toMatchObject({ activeSpeaker: 'q', lastSpeaker: 'q' });
	expect(steps(['q', null])).toMatchObject({ activeSpeaker: null, lastSpeaker: 'q' });
	expect(steps(['q', 'p'])).toMatchObject({ activeSpeaker: 'p', lastSpeaker: 'q' });
	expect(steps(['p'])).toMatchObject({ activeSpeaker: 'p', lastSpeaker: null });
});

test('hands are in the order of raising, each once', () => {
	const hands = withHand(withHand([], 'q', 'Q'), 'p', 'P');
	expect(hands.map(({ id }) => id)).toEqual(['q', 'p']);
	expect(withHand(hands, 'q', 'Another')).toBe(hands);
	expect(withHand(hands, 'q', null)).toEqual([{ id: 'p', displayName: 'P' }]);
	expect(withHand(hands, 'nobody', null)).toEqual(hands);
});

test('somebody who knocks again is listed once, and last', () => {
	const waiting = ['a', 'b'].map((id) => ({ id, displayName: id }));
	const again = { id: 'a', displayName: 'A' };
	expect(withWaiting(waiting, 'a', again)).toEqual([waiting[1], again]);
	expect(withWaiting(waiting, 'b')).toEqual([waiting[0]]);
	expect(withWaiting(waiting, 'nobody')).toEqual(waiting);
});
