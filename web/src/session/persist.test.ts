import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { persist } from './persist';

beforeEach(() => {
	vi.useFakeTimers();
	vi.spyOn(console, 'error').mockImplementation(() => {});
});
afterEach(() => void vi.useRealTimers());

test('a refused action is repeated after longer and longer pauses, ten seconds at most, until it succeeds', async () => {
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

test('it ends when nobody wants it any more, even before the first time', async () => {
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
