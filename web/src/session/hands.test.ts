import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Store } from '../base/store';
import { Hands } from './hands';
import type { Notice } from './notices';
import { initialState, type VisitState } from './state';

let state: Store<VisitState>;
let told: Notice[];
let answer: (error?: Error) => void;
let hands: Hands;

beforeEach(() => {
	vi.useFakeTimers();
	told = [];
	state = new Store(initialState('p', 'P'));
	const request = () => new Promise((resolve, reject) => (answer = (error) => (error ? reject(error) : resolve({}))));
	hands = new Hands(state, request, (notice) => told.push(notice));
});
afterEach(() => void vi.useRealTimers());

const up = () => state.value.hands.map(({ id }) => id).join(' ');
const rights = (more: object) => state.update({ rights: { ...state.value.rights, ...more } });

test('one’s own hand is up at once, and down again if the server refuses', async () => {
	const raising = hands.raise(true);
	expect(up()).toBe('p');
	answer(new Error('busy: later'));
	await expect(raising).rejects.toThrow('busy');
	expect(up()).toBe('');
});

test('a hand that the server refuses to lower is up again', async () => {
	hands.raised({ id: 'p', displayName: 'P' });
	const lowering = hands.raise(false);
	expect(up()).toBe('');
	answer(new Error('busy: later'));
	await expect(lowering).rejects.toThrow('busy');
	expect(up()).toBe('p');
});

test('a raised hand is no news while a request to lower it is pending, and news afterwards', async () => {
	const lowering = hands.raise(false);
	hands.raised({ id: 'p', displayName: 'P' });
	expect(up()).toBe('');
	answer();
	await lowering;
	hands.raised({ id: 'p', displayName: 'P' });
	expect(up()).toBe('p');
});

test('moderators are told of others’ hands, not of their own; nobody else is', () => {
	hands.raised({ id: 'q', displayName: 'Q' });
	expect(told).toEqual([]);
	rights({ moderator: true });
	hands.raised({ id: 'p', displayName: 'P' });
	hands.raised({ id: 'r', displayName: 'R' });
	expect(told).toEqual([{ what: 'hand-raised', peerId: 'r', name: 'R' }]);
	expect(up()).toBe('q p r');
});

test('the owner of a hand is told when a moderator lowers it, but not when a promotion does', () => {
	const lowered = (promoted: boolean) => {
		hands.raised({ id: 'p', displayName: 'P' });
		hands.lowered('p');
		if (promoted) rights({ speaker: true });
		vi.advanceTimersByTime(1000);
		return told.splice(0);
	};
	expect(lowered(false)).toEqual([{ what: 'hand-lowered' }]);
	expect(lowered(true)).toEqual([]);
});

test('a hand that was down already, or another’s, is lowered silently', () => {
	hands.raised({ id: 'q', displayName: 'Q' });
	hands.lowered('q');
	hands.lowered('p');
	vi.advanceTimersByTime(1000);
	expect(told).toEqual([]);
	expect(up()).toBe('');
});
