import { X } from 'lucide';
import { useEffect } from 'preact/hooks';
import { dismiss, type ToastEntry, toasts } from '../base/toasts';
import { t } from '../i18n';
import { Button, IconButton } from './button';
import { useStore } from './usestore';

const NOTICE_MS = 10_000;

/** The place where toasts appear; to be used once on a page. */
export function Toasts() {
	const { list } = useStore(toasts);
	// Toasts of this page are not repeated on the next.
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
