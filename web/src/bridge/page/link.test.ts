import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { MARK } from '../protocol';

/** The embedding page, as far as this page can see it. */
function embed(ancestors: string[] | undefined, referrer: string) {
	const listeners = new Map<string, (event: object) => void>();
	const parent = { postMessage: vi.fn() };
	vi.stubGlobal('addEventListener', (name: string, listener: (event: object) => void) => listeners.set(name, listener));
	vi.stubGlobal('window', { parent });
	vi.stubGlobal('location', { ancestorOrigins: ancestors, origin: 'https://meet.example' });
	vi.stubGlobal('document', { referrer });
	const hello = (origin: string, source: object = parent) => {
		const port = { postMessage: vi.fn(), close: vi.fn() };
		listeners.get('message')!({
			data: { mark: MARK, type: 'hello', id: `${origin}`, roomId: 'r' },
			origin,
			source,
			ports: [port],
		});
		return port.postMessage.mock.calls.length > 0;
	};
	return { parent, hello };
}

async function open() {
	const { Links } = await import('./link');
	const owner = { opened: vi.fn(), closed: vi.fn(), call: vi.fn() };
	new Links('r', owner);
	return owner;
}

beforeEach(() => vi.resetModules());
afterEach(() => vi.unstubAllGlobals());

test('only the embedding page is answered', async () => {
	const { parent, hello } = embed(['https://site.example'], '');
	const { opened } = await open();
	expect(parent.postMessage.mock.calls[0]![1]).toBe('https://site.example');
	expect(hello('https://evil.example')).toBe(false);
	expect(hello('https://site.example', {})).toBe(false);
	expect(hello('https://site.example')).toBe(true);
	expect(opened).toHaveBeenCalledOnce();
});

test.each([[['null']], [undefined]])('if the browser names no ancestors (%j), the parent window is enough', async (ancestors) => {
	// The iframe has referrerpolicy="no-referrer"; frame-ancestors has let the page in.
	const { parent, hello } = embed(ancestors, '');
	await open();
	expect(parent.postMessage).not.toHaveBeenCalled();
	expect(hello('https://site.example', {})).toBe(false);
	expect(hello('https://site.example')).toBe(true);
});

test('the referrer also names the target', async () => {
	const { parent } = embed(['null'], 'https://site.example/page');
	await open();
	expect(parent.postMessage.mock.calls[0]![1]).toBe('https://site.example');
});
