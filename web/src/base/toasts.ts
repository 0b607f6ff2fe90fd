import { Store } from './store';

interface ToastOptions {
	/** The text, already in the participant's language. */
	text: string;
	/** The name of its subject. */
	notice?: string;
	action?: { label: string; testId?: string; run(): void };
	/** How long it stays; without it, long enough to be read twice. */
	ms?: number;
}

export interface ToastEntry extends ToastOptions {
	id: number;
}

/** Nobody reads more than this; the oldest goes. */
const AT_ONCE = 3;

/** The current toasts; ui/toast.tsx draws them. */
export const toasts = new Store<{ list: ToastEntry[] }>({ list: [] });
let next = 0;

/** Shows a message for a while; screen readers read it aloud. */
export function toast(options: ToastOptions) {
	// A repeated message replaces the earlier one.
	const others = toasts.value.list.filter(({ text }) => text !== options.text);
	toasts.update({ list: [...others, { ...options, id: next++ }].slice(-AT_ONCE) });
}

/** Removes toasts about something that is shown elsewhere by now. */
export function untoast(...notices: string[]) {
	toasts.update({ list: toasts.value.list.filter(({ notice }) => !notice || !notices.includes(notice)) });
}

export function dismiss(id: number) {
	toasts.update({ list: toasts.value.list.filter((entry) => entry.id !== id) });
}
