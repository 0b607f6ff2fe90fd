import { recall, remember } from '../page/storage';
import { Store } from '../ui/store';

export interface Playback {
	/** The browser refuses to play sound until the participant touches the page. */
	blocked: boolean;
	/** The deviceId of the speaker; null: the system's. */
	speaker: string | null;
}

export const playback = new Store<Playback>({ blocked: false, speaker: recall('speaker') });

/** Safari and telephones leave the choice to the system. */
export const canChooseSpeaker = 'setSinkId' in HTMLMediaElement.prototype;

const elements = new Set<HTMLAudioElement>();

/** Plays a track on an audio element; returns how to stop that. */
export function playAudio(element: HTMLAudioElement, track: MediaStreamTrack): () => void {
	element.srcObject = new MediaStream([track]);
	elements.add(element);
	void route(element);
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

/** Everything that sounds goes to this device from now on. */
export function chooseSpeaker(deviceId: string) {
	remember('speaker', deviceId);
	playback.update({ speaker: deviceId });
	for (const element of elements) void route(element);
}

async function route(element: HTMLAudioElement) {
	const { speaker } = playback.value;
	if (!speaker || !canChooseSpeaker) return;
	try {
		await element.setSinkId(speaker);
	} catch (error) {
		// A remembered device that is gone: the system's speaker goes on.
		console.warn('amphi: the speaker cannot be used', error);
	}
}

async function play(element: HTMLAudioElement) {
	try {
		await element.play();
	} catch (error) {
		// An element that left the page meanwhile fails with AbortError, which means nothing.
		if (error instanceof DOMException && error.name === 'NotAllowedError') playback.update({ blocked: true });
	}
}
