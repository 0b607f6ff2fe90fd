import type { IconNode } from 'lucide';
import { createElement } from 'preact';

/** One drawing of lucide, in the size and colour of the text around it: <Icon of={Mic} />. Only named icons are bundled. */
export function Icon({ of }: { of: IconNode }) {
	return (
		<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
			{of.map(([tag, attributes]) => createElement(tag, attributes as object))}
		</svg>
	);
}
