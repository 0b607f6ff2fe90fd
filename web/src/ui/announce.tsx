import { Store, useStore } from './store';

const said = new Store({ text: '' });

/** Says something to screen readers alone: what others see at a glance, such as who came and left. */
export function announce(text: string) {
	said.update({ text });
}

/** Once on a page. */
export function Announcements() {
	return (
		<div class="unseen" role="status" aria-live="polite" data-testid="announcements">
			{useStore(said).text}
		</div>
	);
}
