import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { persist, Turn } from './retry';

beforeEach(() => {
	vi.useFakeTimers();
	vi.spyOn(console, 'error').mockImplementation(() => {});
});
afterEach(() => void vi.useRealTimers());

test('an action that is refused is repeated at growing intervals, up to ten seconds, until it succeeds', async () => {
	const at: number[] = [];
	const start = Date.now();
	const act = async () => {
		at.push((Date.now() - start) / 1000);
		if (at.length < 7) throw new Error('busy');
	};
	void persist('this', act, () => true);
	await vi.advanceTimersByTimeAsync(100_000);
	expect(at).toEqual([0, 1, 3, 7, 15, 25, 35]);
});

test('an action that is no longer wanted is not repeated, nor started', async () => {
	let wanted = true;
	const act = vi.fn(async () => Promise.reject(new Error('busy')));
	void persist('this', act, () => wanted);
	await vi.advanceTimersByTimeAsync(5000);
	wanted = false;
	await vi.advanceTimersByTimeAsync(100_000);
	expect(act).toHaveBeenCalledTimes(3);
	await persist('this', act, () => wanted);
	expect(act).toHaveBeenCalledTimes(3);
});

test('a turn lasts until the next, and no turn outlasts the end', () => {
	const turn = new Turn();
	const first = turn.next();
	const same = turn.now();
	expect([first(), same()]).toEqual([true, true]);
	const second = turn.next();
	expect([first(), same(), second()]).toEqual([false, false, true]);
	turn.end();
	expect([second(), turn.now()(), turn.next()()]).toEqual([false, false, false]);
});
