import { Store } from './store';

/** What screen readers say; ui/announce.tsx hands it to them. */
export const said = new Store({ text: '' });

/** Says something to screen readers alone: what others see at a glance, such as who came and left. */
export function announce(text: string) {
	said.update({ text });
}
