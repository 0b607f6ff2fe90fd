import type { ComponentChildren } from 'preact';
import { Logo } from './logo';

/** The page around everything but the room: the name on top, one card in the middle. */
export function CardPage({ children, wide }: { children: ComponentChildren; wide?: boolean }) {
	return (
		<div class="card-page">
			<header class="brand">
				<Logo />
				Amphi
			</header>
			<main class={wide ? 'card card-wide' : 'card'}>{children}</main>
		</div>
	);
}
