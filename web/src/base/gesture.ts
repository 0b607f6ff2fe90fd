import { Store } from './store';

/** Actions that browsers allow only after a gesture in this page. */
type GestureKind = 'fullscreen' | 'share' | 'audio';

interface Wanted {
	kind: GestureKind;
	act(): void;
}

/** The action that the page asks the participant to click for; the overlay shows it. */
export const gesture = new Store<{ wanted: Wanted | null }>({ wanted: null });

/** Shows the overlay. act runs in the click; a later request replaces an earlier one. */
export function askForGesture(kind: GestureKind, act: () => void) {
	gesture.update({ wanted: { kind, act } });
}

/** Withdraws a request that has become pointless. */
export function forgetGesture(kind: GestureKind) {
	if (gesture.value.wanted?.kind === kind) gesture.update({ wanted: null });
}

/** Call it from the click. */
export function answerGesture(agreed: boolean) {
	const { wanted } = gesture.value;
	gesture.update({ wanted: null });
	if (agreed) wanted?.act();
}

/** Runs once at the next gesture that browsers accept; returns a function that cancels it. */
export function atNextGesture(act: () => void): () => void {
	const aborted = new AbortController();
	const once = () => {
		aborted.abort();
		act();
	};
	// A touch counts when the finger is lifted; Escape never counts.
	for (const event of ['pointerup', 'click']) addEventListener(event, once, { capture: true, signal: aborted.signal });
	addEventListener('keydown', (event) => event.key !== 'Escape' && once(), { capture: true, signal: aborted.signal });
	return () => aborted.abort();
}
