import { beforeEach, expect, test, vi } from 'vitest';

/** A browser's full screen, as far as the page sees it; `refuse` as without a gesture. */
function browser({ supported = true, refuse = false } = {}) {
	const listeners = new Map<string, () => void>();
	const document = {
		fullscreenEnabled: supported,
		fullscreenElement: null as object | null,
		documentElement: {
			requestFullscreen: vi.fn(async () => {
				if (state.refuse) throw new TypeError('gesture required');
				document.fullscreenElement = document.documentElement;
				listeners.get('fullscreenchange')!();
			}),
		},
		exitFullscreen: vi.fn(async () => {
			document.fullscreenElement = null;
			listeners.get('fullscreenchange')!();
		}),
		addEventListener: (name: string, listener: () => void) => listeners.set(name, listener),
	};
	const state = { refuse, document };
	vi.stubGlobal('document', document);
	return state;
}

async function load() {
	const { gesture, answerGesture } = await import('./gesture');
	return { ...(await import('./fullscreen')), gesture, answerGesture };
}

beforeEach(() => vi.resetModules());

// proves M20, M21, M22
test('full screen is entered and left, and the state says so', async () => {
	browser();
	const { fullscreen, enterFullscreen, exitFullscreen } = await load();
	expect(fullscreen.value).toEqual({ supported: true, enabled: false });
	expect(await enterFullscreen()).toBe('enabled');
	expect(fullscreen.value.enabled).toBe(true);
	expect(await enterFullscreen()).toBe('enabled');
	await exitFullscreen();
	expect(fullscreen.value.enabled).toBe(false);
});

// proves M21
test('without a gesture the participant is asked for one', async () => {
	const state = browser({ refuse: true });
	const { fullscreen, enterFullscreen, gesture, answerGesture } = await load();
	expect(await enterFullscreen()).toBe('gesture');
	expect(gesture.value.wanted?.kind).toBe('fullscreen');
	state.refuse = false;
	answerGesture(true);
	await vi.waitFor(() => expect(fullscreen.value.enabled).toBe(true));
	expect(gesture.value.wanted).toBeNull();
});

// proves M22
test('leaving full screen withdraws the request for a gesture, too', async () => {
	browser({ refuse: true });
	const { enterFullscreen, exitFullscreen, gesture } = await load();
	await enterFullscreen();
	await exitFullscreen();
	expect(gesture.value.wanted).toBeNull();
});

// proves M21
test('an iPhone has no full screen, and the caller learns that', async () => {
	const { document } = browser({ supported: false });
	const { enterFullscreen, gesture } = await load();
	expect(await enterFullscreen()).toBe('unsupported');
	expect(gesture.value.wanted).toBeNull();
	expect(document.documentElement.requestFullscreen).not.toHaveBeenCalled();
});
