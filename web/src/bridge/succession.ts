// An embedding page may make its bridge in the iframe's load handler, as the guide does: then each load makes one more.
// The one of the load before has had its time, or everything would be told twice.

/** A load handler may have to fetch the library first. */
export const HANDLER_MS = 250;

interface Entry {
	/** The load at which it was made; 0: at none. */
	load: number;
	end(): void;
}

const loads = new WeakMap<object, { count: number; at: number }>();
const bridges = new WeakMap<object, Set<Entry>>();

if (typeof document !== 'undefined')
	// Before the handlers of the iframe itself.
	document.addEventListener('load', ({ target }) => target && noteLoad(target), true);

export function noteLoad(element: object) {
	loads.set(element, { count: (loads.get(element)?.count ?? 0) + 1, at: Date.now() });
}

/** Ends the bridges that were made at earlier loads of the element, where this one is made at a load, too. */
export function succeed(element: object, end: () => void): { atLoad: boolean; leave(): void } {
	const last = loads.get(element);
	const load = last && Date.now() - last.at <= HANDLER_MS ? last.count : 0;
	const all = bridges.get(element) ?? new Set();
	bridges.set(element, all);
	if (load > 0) for (const other of [...all]) if (other.load > 0 && other.load < load) other.end();
	const entry = { load, end };
	all.add(entry);
	return { atLoad: load > 0, leave: () => void all.delete(entry) };
}
