import { Store } from './store';

export interface ToastOptions {
	/** What it says, already in the participant's language. */
	text: string;
	/** What it is about, as a name. */
	notice?: string;
	action?: { label: string; testId?: string; run(): void };
	/** How long it stays; without it, long enough to be read twice. */
	ms?: number;
}

export interface ToastEntry extends ToastOptions {
	id: number;
}

/** More than these nobody reads; the oldest goes. */
const AT_ONCE = 3;

/** What is told now; ui/toast.tsx draws it. */
export const toasts = new Store<{ list: ToastEntry[] }>({ list: [] });
let next = 0;

/** Says something that happened, for a while; screen readers say it aloud. */
export function toast(options: ToastOptions) {
	// The same thing said again replaces itself.
	const others = toasts.value.list.filter(({ text }) => text !== options.text);
	toasts.update({ list: [...others, { ...options, id: next++ }].slice(-AT_ONCE) });
}

/** Takes back what is told about elsewhere by now. */
export function untoast(...notices: string[]) {
	toasts.update({ list: toasts.value.list.filter(({ notice }) => !notice || !notices.includes(notice)) });
}

export function dismiss(id: number) {
	toasts.update({ list: toasts.value.list.filter((entry) => entry.id !== id) });
}
