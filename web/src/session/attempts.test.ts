import { expect, test } from 'vitest';
import { refusal } from '../signaling/refusal';
import { Attempts, BLOCKED_MAX, CROWDED_MS } from './attempts';

const CROWDED = refusal('too-many-connections');

test('a reason from the server ends the attempts at once', () => {
	const why = refusal('room-full', 'fifty');
	expect(new Attempts().failed(why, true, 0)).toBe(why);
});

test('without an answer they go on for ever', () => {
	const attempts = new Attempts();
	for (let i = 0; i < 1000; i++) expect(attempts.failed(null, false, i * 1000)).toBe(null);
});

/** After how many failures without a reason the attempts end; null: they do not. */
function blocked(attempts: Attempts, tries: number): number | null {
	for (let i = 1; i <= tries; i++) if (attempts.failed('fine', false, 0)?.reason === 'websocket-blocked') return i;
	return null;
}

test('if the server answers but no WebSocket opens, something blocks them', () => {
	expect(blocked(new Attempts(), 100)).toBe(BLOCKED_MAX);
});

test('only failures in a row count: silence or a crowded network starts the count again', () => {
	for (const between of [null, CROWDED]) {
		const attempts = new Attempts();
		expect(blocked(attempts, BLOCKED_MAX - 1)).toBe(null);
		attempts.failed(between, false, 0);
		expect(blocked(attempts, BLOCKED_MAX)).toBe(BLOCKED_MAX);
	}
});

test('once a WebSocket has been open, none is taken for blocked', () => {
	const attempts = new Attempts();
	attempts.opened();
	expect(blocked(attempts, 100)).toBe(null);
});

test('a crowded network never ends the attempts of participants, and those of newcomers after a minute', () => {
	const inside = new Attempts();
	const anew = new Attempts();
	for (const now of [0, CROWDED_MS - 1]) {
		expect(inside.failed(CROWDED, true, now)).toBe(null);
		expect(anew.failed(CROWDED, false, now)).toBe(null);
	}
	expect(inside.failed(CROWDED, true, CROWDED_MS)).toBe(null);
	expect(anew.failed(CROWDED, false, CROWDED_MS)).toBe(CROWDED);
});

test('the minute begins at the first failure, and again once a WebSocket was open', () => {
	const attempts = new Attempts();
	attempts.failed(CROWDED, false, 1000);
	expect(attempts.failed(CROWDED, false, 1000 + CROWDED_MS - 1)).toBe(null);
	attempts.opened();
	expect(attempts.failed(CROWDED, false, 1000 + CROWDED_MS)).toBe(null);
	expect(attempts.failed(CROWDED, false, 1000 + 2 * CROWDED_MS)).toBe(CROWDED);
});
