import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { MARK } from '../protocol';
import { Handshake } from './handshake';
import { HANDLER_MS } from './succession';

const ORIGIN = 'https://meet.example';

/** Delivers messages at once, so that no test waits. */
class Port {
	onmessage: ((event: { data: unknown }) => void) | null = null;
	other!: Port;
	postMessage(data: unknown) {
		this.other.onmessage?.({ data });
	}
	close() {}
}

class Channel {
	port1 = new Port();
	port2 = new Port();
	constructor() {
		this.port1.other = this.port2;
		this.port2.other = this.port1;
	}
}

beforeEach(() => {
	vi.useFakeTimers();
	vi.stubGlobal('MessageChannel', Channel);
	vi.stubGlobal('document', { baseURI: 'https://site.example/' });
});
afterEach(() => {
	vi.useRealTimers();
	vi.unstubAllGlobals();
});

/** A handshake with an iframe whose room answers the first knock; what happens there next. */
function connect(atLoad: boolean) {
	const onWindow: ((event: object) => void)[] = [];
	vi.stubGlobal('addEventListener', (_: string, listener: (event: object) => void) => onWindow.push(listener));
	const knocks: Port[] = [];
	const window = {
		location: { href: `${ORIGIN}/call/r` },
		postMessage: (_data: unknown, _origin: string, [port]: Port[]) => void knocks.push(port!),
	};
	const loads: (() => void)[] = [];
	const iframe = {
		contentWindow: window,
		src: `${ORIGIN}/call/r`,
		addEventListener: (_: string, act: () => void) => loads.push(act),
	};
	const listeners = { connected: vi.fn(), message: vi.fn(), lost: vi.fn() };
	new Handshake(iframe as unknown as HTMLIFrameElement, 'r', atLoad, listeners);
	knocks[0]!.postMessage({ type: 'welcome', roomId: 'r' });
	expect(listeners.connected).toHaveBeenCalledOnce();
	return {
		/** How often the library has knocked since the page disappeared. */
		knocks: () => knocks.length - 1,
		pageGoes: () => knocks[0]!.postMessage({ type: 'bye', roomId: 'r' }),
		pageComes: () =>
			onWindow.forEach((listener) =>
				listener({ data: { mark: MARK, type: 'here', roomId: 'r' }, origin: ORIGIN, source: window }),
			),
		load: () => loads.forEach((act) => act()),
	};
}

test('a bridge finds the next page as soon as it is there', () => {
	const { knocks, pageGoes, pageComes } = connect(false);
	pageGoes();
	const before = knocks();
	pageComes();
	expect(knocks()).toBe(before + 1);
});

test('a bridge created at a load leaves the next page to its successor, and goes on if there is none', () => {
	const { knocks, pageGoes, pageComes, load } = connect(true);
	pageGoes();
	vi.advanceTimersByTime(1000);
	pageComes();
	vi.advanceTimersByTime(1000);
	expect(knocks()).toBe(0);
	load();
	vi.advanceTimersByTime(HANDLER_MS - 1);
	expect(knocks()).toBe(0);
	vi.advanceTimersByTime(1);
	expect(knocks()).toBe(1);
});
