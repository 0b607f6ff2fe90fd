import { X } from 'lucide';
import { useEffect } from 'preact/hooks';
import { t } from '../i18n';
import { Button, IconButton } from './button';
import { Store, useStore } from './store';

export interface ToastOptions {
	/** What it says, already in the participant's language. */
	text: string;
	/** What it is about, as a name. */
	notice?: string;
	action?: { label: string; testId?: string; run(): void };
	/** How long it stays; without it, long enough to be read twice. */
	ms?: number;
}

interface ToastEntry extends ToastOptions {
	id: number;
}

const NOTICE_MS = 10_000;
/** More than these nobody reads; the oldest goes. */
const AT_ONCE = 3;

const toasts = new Store<{ list: ToastEntry[] }>({ list: [] });
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

function dismiss(id: number) {
	toasts.update({ list: toasts.value.list.filter((entry) => entry.id !== id) });
}

/** Where toasts appear; once on a page. */
export function Toasts() {
	const { list } = useStore(toasts);
	// What was said on this page is not said again on the next.
	useEffect(() => () => toasts.update({ list: [] }), []);
	return (
		<div class="toasts" role="status" aria-live="polite">
			{list.map((entry) => (
				<Toast key={entry.id} entry={entry} />
			))}
		</div>
	);
}

function Toast({ entry }: { entry: ToastEntry }) {
	const { id, text, notice, action, ms = NOTICE_MS } = entry;
	useEffect(() => {
		const timer = setTimeout(() => dismiss(id), ms);
		return () => clearTimeout(timer);
	}, [id]);
	return (
		<div class="notice toast" data-testid="notice" data-notice={notice}>
			<div>{text}</div>
			{action && (
				<Button
					small
					data-testid={action.testId}
					onClick={() => {
						dismiss(id);
						action.run();
					}}
				>
					{action.label}
				</Button>
			)}
			<IconButton icon={X} label={t('problem.dismiss')} onClick={() => dismiss(id)} />
		</div>
	);
}
