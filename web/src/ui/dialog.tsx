import { X } from 'lucide';
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { t } from '../i18n';
import { Button, IconButton } from './button';

interface DialogProps {
	title: string;
	testId: string;
	onClose(): void;
	children: ComponentChildren;
}

/** In front of everything else, which is inert meanwhile. Escape, the cross and a click outside close it. */
export function Dialog({ title, testId, onClose, children }: DialogProps) {
	const element = useRef<HTMLDialogElement>(null);
	const id = useId();
	useEffect(() => {
		const opener = document.activeElement;
		element.current!.showModal();
		return () => {
			if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
		};
	}, []);
	return (
		<dialog
			ref={element}
			class="dialog"
			data-testid={testId}
			aria-labelledby={id}
			onClose={onClose}
			onClick={(event) => event.target === element.current && element.current!.close()}
		>
			<div class="dialog-box">
				<header class="panel-head">
					<h2 id={id}>{title}</h2>
					<IconButton
						icon={X}
						label={t('ui.close')}
						data-testid={`${testId}-close`}
						onClick={() => element.current!.close()}
					/>
				</header>
				<div class="dialog-body">{children}</div>
			</div>
		</dialog>
	);
}

interface ConfirmProps {
	title: string;
	text: string;
	/** The action, as a verb. */
	action: string;
	testId: string;
	onConfirm(): void;
	onClose(): void;
}

/** Asks before something that cannot be undone. */
export function ConfirmDialog({ title, text, action, testId, onConfirm, onClose }: ConfirmProps) {
	return (
		<Dialog title={title} testId={testId} onClose={onClose}>
			<p>{text}</p>
			<div class="actions">
				<Button data-testid={`${testId}-cancel`} onClick={onClose}>
					{t('ui.cancel')}
				</Button>
				<Button
					look="danger"
					data-testid={`${testId}-confirm`}
					onClick={() => {
						onClose();
						onConfirm();
					}}
				>
					{action}
				</Button>
			</div>
		</Dialog>
	);
}
