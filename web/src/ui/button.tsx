import type { IconNode } from 'lucide';
import type { ButtonHTMLAttributes, ComponentChildren } from 'preact';
import { Icon } from './icon';

type Native = Omit<ButtonHTMLAttributes, 'icon' | 'class' | 'label'> & { 'data-testid'?: string };

interface ButtonProps extends Native {
	/** warn: leads to something that cannot be undone, but asks first. */
	look?: 'primary' | 'danger' | 'warn';
	small?: boolean;
	icon?: IconNode;
	submit?: boolean;
	children: ComponentChildren;
}

/** Text, with an icon in front of it if that helps. */
export function Button({ look, small, icon, submit, children, ...native }: ButtonProps) {
	const classes = ['button', look, small && 'small'].filter(Boolean).join(' ');
	return (
		<button type={submit ? 'submit' : 'button'} class={classes} {...native}>
			{icon && <Icon of={icon} />}
			{children}
		</button>
	);
}

interface IconButtonProps extends Native {
	icon: IconNode;
	/** What the button does: for screen readers, and as a tooltip. */
	label: string;
	/** A tooltip that differs from the label: the label of a toggle is its name, the title says what a click does. */
	title?: string;
	/** bar: round, on a bar of controls. plain: only the icon, inside lists and panels. */
	look?: 'bar' | 'plain';
	/** A toggle. */
	pressed?: boolean;
	/** A small number at the button's corner. */
	badge?: number;
	class?: string;
}

export function IconButton({ icon, label, title, look = 'plain', pressed, badge, class: extra, ...native }: IconButtonProps) {
	const classes = look === 'bar' ? 'round-button' : 'plain-button';
	return (
		<button
			type="button"
			class={extra ? `${classes} ${extra}` : classes}
			aria-label={label}
			aria-pressed={pressed}
			title={title ?? label}
			{...native}
		>
			<Icon of={icon} />
			{badge ? <span class="badge">{badge > 99 ? '99+' : badge}</span> : null}
		</button>
	);
}
