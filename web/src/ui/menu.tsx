import type { IconNode } from 'lucide';
import { Check } from 'lucide';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { IconButton } from './button';
import { Icon } from './icon';

interface MenuProps {
	icon: IconNode;
	label: string;
	testId: string;
	look?: 'bar' | 'plain';
	badge?: number;
	class?: string;
	busy?: boolean;
	/** What a click does in place of opening the list, at times when there is nothing to choose. */
	instead?(): void;
	/** MenuItem, MenuSeparator. */
	children: ComponentChildren;
}

/** A button that opens a list of actions. Arrows, Home and End move in it; Escape, Tab and a click elsewhere close it. */
export function Menu({ icon, label, testId, look, badge, class: extra, busy, instead, children }: MenuProps) {
	const [open, setOpen] = useState(false);
	const root = useRef<HTMLSpanElement>(null);
	return (
		<span class="menu-root" ref={root}>
			<IconButton
				icon={icon}
				label={label}
				look={look}
				badge={badge}
				class={extra}
				data-testid={testId}
				aria-haspopup={instead ? undefined : 'menu'}
				aria-expanded={instead ? undefined : open}
				aria-busy={busy}
				onClick={() => (instead ? instead() : setOpen(!open))}
			/>
			{open && !instead && (
				<MenuList label={label} button={root.current!.querySelector('button')!} onClose={() => setOpen(false)}>
					{children}
				</MenuList>
			)}
		</span>
	);
}

const MARGIN = 8;

/** Where a list of this size goes next to its button, entirely in the window: above it if it fits, otherwise below. */
function place(list: HTMLElement, button: DOMRect) {
	const { offsetWidth: width, offsetHeight: height } = list;
	const left = Math.max(MARGIN, Math.min(button.right - width, innerWidth - width - MARGIN));
	const above = button.top - height - MARGIN;
	const top = above >= MARGIN ? above : Math.min(button.bottom + MARGIN, innerHeight - height - MARGIN);
	list.style.left = `${left}px`;
	list.style.top = `${Math.max(MARGIN, top)}px`;
}

interface MenuListProps {
	label: string;
	button: HTMLButtonElement;
	onClose(): void;
	children: ComponentChildren;
}

function MenuList({ label, button, onClose, children }: MenuListProps) {
	const list = useRef<HTMLDivElement>(null);
	const items = () => [...list.current!.querySelectorAll<HTMLButtonElement>('[role^=menuitem]:not(:disabled)')];

	useEffect(() => {
		const element = list.current!;
		// The top layer: nothing around the button cuts it off.
		element.showPopover();
		place(element, button.getBoundingClientRect());
		items()[0]?.focus();
		const elsewhere = (event: Event) => {
			const { target } = event;
			if (target instanceof Node && !element.contains(target) && !button.contains(target)) onClose();
		};
		// Scrolling or resizing moves the button away from its list.
		for (const event of ['pointerdown', 'scroll']) addEventListener(event, elsewhere, true);
		for (const event of ['blur', 'resize']) addEventListener(event, onClose);
		return () => {
			for (const event of ['pointerdown', 'scroll']) removeEventListener(event, elsewhere, true);
			for (const event of ['blur', 'resize']) removeEventListener(event, onClose);
			if (element.contains(document.activeElement) || document.activeElement === document.body) button.focus();
		};
	}, []);

	const move = (event: KeyboardEvent) => {
		const all = items();
		const at = all.indexOf(document.activeElement as HTMLButtonElement);
		const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
		if (to !== undefined) {
			all.at(to % all.length)?.focus();
		} else if (event.key === 'Escape' || event.key === 'Tab') {
			button.focus();
			onClose();
		} else {
			return;
		}
		event.preventDefault();
		event.stopPropagation();
	};

	return (
		<div
			ref={list}
			class="menu"
			role="menu"
			popover="manual"
			aria-label={label}
			onKeyDown={move}
			// Before the action: a dialog returns the focus to the element that has it when the dialog opens.
			onClickCapture={() => button.focus()}
			onClick={onClose}
		>
			{children}
		</div>
	);
}

interface ItemProps {
	icon?: IconNode;
	testId: string;
	onClick(): void;
	/** In a choice: whether this is the current one. */
	checked?: boolean;
	danger?: boolean;
	/** Shown at the right edge, such as a key. */
	hint?: string;
	children: ComponentChildren;
}

export function MenuItem({ icon, testId, onClick, checked, danger, hint, children }: ItemProps) {
	return (
		<button
			type="button"
			class={danger ? 'menu-item danger' : 'menu-item'}
			role={checked === undefined ? 'menuitem' : 'menuitemcheckbox'}
			aria-checked={checked}
			tabIndex={-1}
			data-testid={testId}
			onClick={onClick}
		>
			{icon && <Icon of={icon} />}
			<span class="menu-text">{children}</span>
			{hint && <kbd>{hint}</kbd>}
			{checked && <Icon of={Check} />}
		</button>
	);
}

export const MenuSeparator = () => <hr class="menu-line" />;
