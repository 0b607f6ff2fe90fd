// An embedding page may create its bridge in the iframe's load handler, as the guide does: then each load creates another
// one. The bridge of the previous load must end, or every event would arrive twice.

/** A load handler may have to fetch the library first. */
export const HANDLER_MS = 250;

interface Load {
	/** Counts them; 0 is none. */
	count: number;
	at: number;
	event: Event | null;
}

interface Entry {
	/** The load at which the bridge was created; 0: at none. */
	load: number;
	end(): void;
}

/** Shared by all copies of this library: a page may add it by script tag again at each load. */
interface Shared {
	loads: WeakMap<object, Load>;
	bridges: WeakMap<object, Set<Entry>>;
	/** When the newest copy was loaded. */
	at: number;
}

const KEY = Symbol.for('amphi-meet-bridge');
const shared = share();

function share(): Shared {
	const page = globalThis as { [KEY]?: Shared };
	if (!page[KEY]) {
		page[KEY] = { loads: new WeakMap(), bridges: new WeakMap(), at: 0 };
		if (typeof document !== 'undefined')
			// Before the handlers of the iframe itself.
			document.addEventListener('load', (event) => event.target && noteLoad(event.target, event), true);
	}
	page[KEY].at = Date.now();
	return page[KEY];
}

/** Counts a load of the element; the event may be seen more than once. */
export function noteLoad(element: object, event: Event | null = null): Load {
	const last = shared.loads.get(element);
	if (last && event && last.event === event) return last;
	const load = { count: (last?.count ?? 0) + 1, at: Date.now(), event };
	shared.loads.set(element, load);
	return load;
}

/** Ends the bridges that were created at earlier loads of the element, if this one is created at a load as well. */
export function succeed(element: object, end: () => void): { atLoad: boolean; leave(): void } {
	const load = loadOf(element);
	const known = shared.bridges.get(element);
	const all = known ?? new Set();
	if (!known) {
		shared.bridges.set(element, all);
		// A load in a shadow tree is invisible from outside.
		if (isInShadow(element)) element.addEventListener('load', (event) => noteLoad(element, event), true);
	}
	if (load > 0) for (const other of [...all]) if (other.load > 0 && other.load < load) other.end();
	const entry = { load, end };
	all.add(entry);
	return { atLoad: load > 0, leave: () => void all.delete(entry) };
}

/** The number of the load in whose handler this is. */
function loadOf(element: object): number {
	const justNow = (at: number) => Date.now() - at <= HANDLER_MS;
	const last = shared.loads.get(element);
	if (last) return justNow(last.at) || (shared.at >= last.at && justNow(shared.at)) ? last.count : 0;
	// The first load that we can count is the next one; this one fetched the library, or was out of sight.
	return showsPage(element) && (justNow(shared.at) || isInShadow(element)) ? noteLoad(element).count : 0;
}

function isInShadow(element: object): element is Element {
	return 'getRootNode' in element && (element as Element).getRootNode() !== document;
}

/** Whether something has been loaded. */
function showsPage(element: object): boolean {
	try {
		const window = (element as Partial<HTMLIFrameElement>).contentWindow;
		return Boolean(window) && window!.location.href !== 'about:blank';
	} catch {
		return true; // another origin's
	}
}
