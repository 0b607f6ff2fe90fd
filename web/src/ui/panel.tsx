import { X } from 'lucide';
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import { IconButton } from './button';

interface PanelProps {
	title: string;
	closeLabel: string;
	testId: string;
	onClose(): void;
	/** Stays at the bottom while the rest scrolls. */
	foot?: ComponentChildren;
	children: ComponentChildren;
}

/** Next to the stage; on a phone, on top of it. Escape closes it. */
export function Panel({ title, closeLabel, testId, onClose, foot, children }: PanelProps) {
	const id = useId();
	return (
		<aside
			class="panel"
			data-testid={testId}
			aria-labelledby={id}
			onKeyDown={(event) => {
				if (event.key !== 'Escape' || event.defaultPrevented) return;
				event.stopPropagation();
				onClose();
			}}
		>
			<header class="panel-head">
				<h2 id={id}>{title}</h2>
				<IconButton icon={X} label={closeLabel} data-testid={`${testId}-close`} onClick={onClose} />
			</header>
			<div class="panel-body">{children}</div>
			{foot && <footer class="panel-foot">{foot}</footer>}
		</aside>
	);
}
