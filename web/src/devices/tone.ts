/** A rising chord, which nobody mistakes for speech. */
const NOTES_HZ = [392, 523.25, 659.25];
const STEP_S = 0.28;
const FADE_S = 1.1;

export interface Tone {
	track: MediaStreamTrack;
	/** When the sound is over. */
	ended: Promise<void>;
	stop(): void;
}

/** Creates a short sound as a track, so that it takes the same path to the speaker as the others' voices. */
export function makeTone(): Tone {
	const context = new AudioContext();
	const destination = context.createMediaStreamDestination();
	const last = NOTES_HZ.map((frequency, i) => {
		const at = context.currentTime + 0.1 + i * STEP_S;
		const gain = new GainNode(context, { gain: 0 });
		gain.gain.setValueAtTime(0, at);
		gain.gain.linearRampToValueAtTime(0.25, at + 0.03);
		gain.gain.exponentialRampToValueAtTime(0.001, at + FADE_S);
		const note = new OscillatorNode(context, { frequency, type: 'sine' });
		note.connect(gain).connect(destination);
		note.start(at);
		note.stop(at + FADE_S);
		return note;
	}).at(-1)!;
	const [track] = destination.stream.getAudioTracks();
	const stop = () => {
		track!.stop();
		if (context.state !== 'closed') void context.close();
	};
	const ended = new Promise<void>((resolve) => last.addEventListener('ended', () => resolve(), { once: true }));
	return { track: track!, ended, stop };
}
