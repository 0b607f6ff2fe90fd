import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { HANDLER_MS, noteLoad, succeed } from './succession';

beforeEach(() => {
	vi.useFakeTimers();
	vi.stubGlobal('document', { addEventListener() {} });
});
afterEach(() => {
	vi.useRealTimers();
	vi.unstubAllGlobals();
});

test('of bridges created at each load, the last one stays', () => {
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

test('bridges created outside of loads coexist', () => {
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

/** An iframe with a page of another origin. */
const loaded = (root: unknown = document) => {
	const listeners: ((event: object) => void)[] = [];
	return {
		get contentWindow() {
			return {
				get location(): never {
					throw new DOMException('cross-origin', 'SecurityError');
				},
			};
		},
		getRootNode: () => root,
		addEventListener: (_: string, listener: (event: object) => void) => listeners.push(listener),
		load() {
			const event = {};
			for (const listener of listeners) listener(event);
		},
	};
};

/** Another copy of the library, as from a script tag. */
async function again(): Promise<typeof import('./succession')> {
	vi.resetModules();
	return import('./succession');
}

test('a load handler that fetches the library makes a bridge at that load', async () => {
	const iframe = loaded();
	const first = vi.fn();
	const { succeed, noteLoad } = await again();
	expect(succeed(iframe, first).atLoad).toBe(true);
	vi.advanceTimersByTime(60_000);
	noteLoad(iframe);
	succeed(iframe, () => {});
	expect(first).toHaveBeenCalledOnce();
});

test('a load handler that adds the script again each time ends the bridge of the previous script', async () => {
	const iframe = loaded();
	const [first, second] = [vi.fn(), vi.fn()];
	const before = await again();
	before.succeed(iframe, first);
	vi.advanceTimersByTime(60_000);
	before.noteLoad(iframe); // by the first copy's listener, the only one
	vi.advanceTimersByTime(3000); // for the script
	const { succeed } = await again();
	expect(succeed(iframe, second).atLoad).toBe(true);
	expect([first, second].map((end) => end.mock.calls.length)).toEqual([1, 0]);
});

test('loads in a shadow tree count', () => {
	vi.advanceTimersByTime(60_000);
	const iframe = loaded('a shadow root');
	const [first, second] = [vi.fn(), vi.fn()];
	expect(succeed(iframe, first).atLoad).toBe(true);
	vi.advanceTimersByTime(60_000);
	iframe.load();
	succeed(iframe, second);
	expect([first, second].map((end) => end.mock.calls.length)).toEqual([1, 0]);
});

test('a load that is seen twice counts once', () => {
	const iframe = {};
	const event = {} as Event;
	expect([noteLoad(iframe, event).count, noteLoad(iframe, event).count, noteLoad(iframe, {} as Event).count]).toEqual([
		1, 1, 2,
	]);
});

test('a bridge that a script creates before anything has loaded stays', async () => {
	const iframe = { contentWindow: { location: { href: 'about:blank' } } };
	const { succeed, noteLoad } = await again();
	const early = vi.fn();
	expect(succeed(iframe, early).atLoad).toBe(false);
	noteLoad(iframe);
	succeed(iframe, () => {});
	expect(early).not.toHaveBeenCalled();
});
