import { Store } from './store';

/** What browsers do only when the participant touches this very page. */
export type GestureKind = 'fullscreen' | 'share' | 'audio';

interface Wanted {
	kind: GestureKind;
	act(): void;
}

/** What the page asks the participant to tap for; the overlay over everything shows it. */
export const gesture = new Store<{ wanted: Wanted | null }>({ wanted: null });

/** Shows the overlay. act runs in the tap; a later wish takes an earlier one's place. */
export function askForGesture(kind: GestureKind, act: () => void) {
	gesture.update({ wanted: { kind, act } });
}

/** Takes a wish back that nothing is left to be done for. */
export function forgetGesture(kind: GestureKind) {
	if (gesture.value.wanted?.kind === kind) gesture.update({ wanted: null });
}

/** To be called from the tap. */
export function answerGesture(agreed: boolean) {
	const { wanted } = gesture.value;
	gesture.update({ wanted: null });
	if (agreed) wanted?.act();
}

/** Runs once at the next gesture that counts as one; returns how to call that off. */
export function atNextGesture(act: () => void): () => void {
	const aborted = new AbortController();
	const once = () => {
		aborted.abort();
		act();
	};
	// A touch counts when the finger is lifted; Escape counts never.
	for (const event of ['pointerup', 'click'])
		addEventListener(event, once, { capture: true, signal: aborted.signal });
	addEventListener('keydown', (event) => event.key !== 'Escape' && once(), { capture: true, signal: aborted.signal });
	return () => aborted.abort();
}
