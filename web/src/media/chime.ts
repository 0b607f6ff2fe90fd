import { playback } from './playback';

/** Two soft notes, the second higher. */
const NOTES_HZ = [587.33, 880];
const STEP_S = 0.12;
const FADE_S = 0.5;
const LOUDNESS = 0.06;
/** When it is over; sound that the browser still holds back by then would come too late. */
const OVER_MS = 1500;

/** A short sound for something that everybody should notice, as loud as the others are. A page without a gesture is silent. */
export function chime() {
	const { muted, volume, speaker } = playback.value;
	if (muted || volume === 0) return;
	// Browsers that know it let the participant choose where sound goes.
	const context = new AudioContext(
		speaker && 'setSinkId' in AudioContext.prototype ? ({ sinkId: speaker } as AudioContextOptions) : {},
	);
	for (const [i, frequency] of NOTES_HZ.entries()) {
		const at = context.currentTime + 0.05 + i * STEP_S;
		const gain = new GainNode(context, { gain: 0 });
		gain.gain.setValueAtTime(0, at);
		gain.gain.linearRampToValueAtTime((LOUDNESS * volume) / 100, at + 0.02);
		gain.gain.exponentialRampToValueAtTime(0.0001, at + FADE_S);
		const note = new OscillatorNode(context, { frequency, type: 'sine' });
		note.connect(gain).connect(context.destination);
		note.start(at);
		note.stop(at + FADE_S);
	}
	setTimeout(() => void context.close(), OVER_MS);
}
