import { askForGesture, atNextGesture, forgetGesture } from './gesture';
import { Store } from './store';

interface Fullscreen {
	/** False on iPhones, and in an iframe without permission. */
	supported: boolean;
	enabled: boolean;
}

/** The result of an attempt: `gesture` waits for the participant's click. */
type FullscreenAnswer = 'enabled' | 'gesture' | 'unsupported';

/** Older WebKit has the methods only under another name. */
interface WebKitDocument {
	webkitFullscreenEnabled?: boolean;
	webkitFullscreenElement?: Element | null;
	webkitExitFullscreen?(): Promise<void> | void;
}

interface WebKitElement {
	webkitRequestFullscreen?(): Promise<void> | void;
}

const page = document as Document & WebKitDocument;

function now(): Fullscreen {
	return {
		supported: page.fullscreenEnabled ?? page.webkitFullscreenEnabled ?? false,
		enabled: Boolean(page.fullscreenElement ?? page.webkitFullscreenElement),
	};
}

/** The whole page, not one element of it, so that dialogs and overlays are included. */
export const fullscreen = new Store<Fullscreen>(now());

for (const event of ['fullscreenchange', 'webkitfullscreenchange'])
	document.addEventListener(event, () => {
		fullscreen.update(now());
		if (fullscreen.value.enabled) forgetGesture('fullscreen');
	});

/** Requests full screen; if the browser requires a gesture first, the overlay asks the participant for it. */
export async function enterFullscreen(): Promise<FullscreenAnswer> {
	if (fullscreen.value.enabled) return 'enabled';
	if (!fullscreen.value.supported) return 'unsupported';
	try {
		await request();
		return 'enabled';
	} catch {
		askForGesture('fullscreen', () => void request().catch(refused));
		return 'gesture';
	}
}

export async function exitFullscreen() {
	forgetGesture('fullscreen');
	if (!fullscreen.value.enabled) return;
	await (page.exitFullscreen?.() ?? page.webkitExitFullscreen?.());
}

/** startWithFS: no browser goes full screen before the participant has touched the page. */
export function enterFullscreenAtFirstGesture(): () => void {
	if (!fullscreen.value.supported) return () => {};
	return atNextGesture(() => {
		if (!fullscreen.value.enabled) void request().catch(refused);
	});
}

async function request() {
	const root = document.documentElement as HTMLElement & WebKitElement;
	await (root.requestFullscreen?.({ navigationUI: 'hide' }) ?? root.webkitRequestFullscreen?.());
}

const refused = (error: unknown) => console.warn('amphi: the browser refuses full screen', error);
