import { Store } from './store';

/** The text for screen readers; ui/announce.tsx presents it. */
export const said = new Store({ text: '' });

/** Tells screen readers what others see at a glance, such as people who come and go. */
export function announce(text: string) {
	said.update({ text });
}
