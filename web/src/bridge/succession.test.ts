import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { HANDLER_MS, noteLoad, succeed } from './succession';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('of bridges that are made at each load the last one stays', () => {
	const iframe = {};
	const [first, second, other] = [vi.fn(), vi.fn(), vi.fn()];
	noteLoad(iframe);
	expect(succeed(iframe, first).atLoad).toBe(true);
	// Another part of the page, at the same load: it has handlers of its own.
	succeed(iframe, other);
	expect(first).not.toHaveBeenCalled();
	vi.advanceTimersByTime(60_000);
	noteLoad(iframe);
	vi.advanceTimersByTime(HANDLER_MS - 1);
	succeed(iframe, second);
	expect([first, other, second].map((end) => end.mock.calls.length)).toEqual([1, 1, 0]);
});

test('bridges that no load has made stay beside each other', () => {
	const iframe = {};
	const [early, late, atLoad] = [vi.fn(), vi.fn(), vi.fn()];
	expect(succeed(iframe, early).atLoad).toBe(false);
	noteLoad(iframe);
	vi.advanceTimersByTime(HANDLER_MS + 1);
	succeed(iframe, late);
	noteLoad(iframe);
	const { leave } = succeed(iframe, atLoad);
	leave();
	noteLoad(iframe);
	succeed(iframe, () => {});
	for (const end of [early, late, atLoad]) expect(end).not.toHaveBeenCalled();
});
