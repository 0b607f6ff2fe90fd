import type { IconNode } from 'lucide';
import type { ComponentChildren } from 'preact';
import { Icon } from './icon';
import { LanguageSwitch } from './language';
import { Logo } from './logo';
import './card.css';

/** The frame of every page but the room: the name on top, one card in the middle. */
export function CardPage({ children, wide }: { children: ComponentChildren; wide?: boolean }) {
	return (
		<div class="card-page">
			<header class="card-head">
				<span class="brand">
					<Logo />
					Amphi
				</span>
				<LanguageSwitch />
			</header>
			<main class={wide ? 'card card-wide' : 'card'}>{children}</main>
		</div>
	);
}

/** Above a card's title. */
export const CardIcon = ({ of }: { of: IconNode }) => (
	<span class="card-icon">
		<Icon of={of} />
	</span>
);
