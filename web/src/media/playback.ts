import { Store } from '../ui/store';

/** Whether the browser refuses to play sound until the participant touches the page. */
export const playback = new Store({ blocked: false });

const elements = new Set<HTMLAudioElement>();

/** Plays a track on an audio element; returns how to stop that. */
export function playAudio(element: HTMLAudioElement, track: MediaStreamTrack): () => void {
	element.srcObject = new MediaStream([track]);
	elements.add(element);
	void play(element);
	return () => {
		elements.delete(element);
		element.srcObject = null;
	};
}

/** To be called from a user gesture. */
export function listen() {
	playback.update({ blocked: false });
	for (const element of elements) void play(element);
}

async function play(element: HTMLAudioElement) {
	try {
		await element.play();
	} catch (error) {
		// An element that left the page meanwhile fails with AbortError, which means nothing.
		if (error instanceof DOMException && error.name === 'NotAllowedError') playback.update({ blocked: true });
	}
}
