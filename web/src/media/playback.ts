import { atNextGesture } from '../base/gesture';
import { recall, remember } from '../base/storage';
import { Store } from '../base/store';

interface Playback {
	/** The browser refuses to play audio, or video, until the participant touches the page. */
	blocked: boolean;
	/** Video as well, as on iPhones in low power mode. */
	frozen: boolean;
	/** The deviceId of the speaker; null: the system's. */
	speaker: string | null;
	/** How loud the others are, 0 to 100. */
	volume: number;
	muted: boolean;
}

export const playback = new Store<Playback>({
	blocked: false,
	frozen: false,
	speaker: recall('speaker'),
	volume: 100,
	muted: false,
});

/** Safari and phones leave the choice to the system. */
export const canChooseSpeaker = 'setSinkId' in HTMLMediaElement.prototype;

/** Playing elements, with a gain node if the element's volume cannot be set. */
const players = new Map<HTMLAudioElement, GainNode | null>();
const pictures = new Set<HTMLVideoElement>();
let context: AudioContext | null = null;

/** Plays a track on an audio element; returns how to stop that. */
export function playAudio(element: HTMLAudioElement, track: MediaStreamTrack): () => void {
	const stream = new MediaStream([track]);
	element.srcObject = stream;
	const gain = volumeIsReadOnly() ? amplify(stream) : null;
	players.set(element, gain);
	setLoudness(element, gain);
	void route(element);
	void play(element);
	return () => {
		players.delete(element);
		gain?.disconnect();
		element.srcObject = null;
	};
}

/** Shows a track on a video element; returns how to stop that. */
export function playVideo(element: HTMLVideoElement, track: MediaStreamTrack): () => void {
	element.srcObject = new MediaStream([track]);
	pictures.add(element);
	// autoplay would start it, but reports nothing if it is blocked.
	void play(element);
	return () => {
		pictures.delete(element);
		element.srcObject = null;
	};
}

/** Call it from a user gesture. Resolves to whether everything plays now. */
export async function listen(): Promise<boolean> {
	playback.update({ blocked: false, frozen: false });
	void context?.resume();
	await Promise.all([...players.keys(), ...pictures].map(play));
	return !playback.value.blocked;
}

/** All sound goes to this device from now on. */
export function chooseSpeaker(deviceId: string) {
	remember('speaker', deviceId);
	playback.update({ speaker: deviceId });
	for (const element of players.keys()) void route(element);
}

playback.subscribe(() => {
	for (const [element, gain] of players) setLoudness(element, gain);
});

function setLoudness(element: HTMLAudioElement, gain: GainNode | null) {
	const { volume, muted } = playback.value;
	if (gain) gain.gain.value = muted ? 0 : volume / 100;
	else element.volume = volume / 100;
	// With a gain node the element only keeps the stream flowing.
	element.muted = muted || gain !== null;
}

let readOnly: boolean | undefined;

/** As on iPhones, where only the device's buttons set the volume. */
function volumeIsReadOnly(): boolean {
	if (readOnly === undefined) {
		const probe = document.createElement('audio');
		probe.volume = 0.5;
		readOnly = probe.volume !== 0.5;
	}
	return readOnly;
}

function amplify(stream: MediaStream): GainNode {
	context ??= new AudioContext();
	const gain = context.createGain();
	context.createMediaStreamSource(stream).connect(gain).connect(context.destination);
	// Muted elements play without a gesture; an audio context does not.
	void context.resume();
	if (context.state === 'suspended')
		setTimeout(() => context!.state === 'suspended' && playback.update({ blocked: true }), 500);
	return gain;
}

async function route(element: HTMLAudioElement) {
	const { speaker } = playback.value;
	if (!speaker || !canChooseSpeaker) return;
	try {
		await element.setSinkId(speaker);
	} catch (error) {
		// A remembered device is gone: the system's speaker stays in use.
		console.warn('amphi: the speaker cannot be used', error);
	}
}

async function play(element: HTMLMediaElement) {
	try {
		await element.play();
	} catch (error) {
		// An element that left the page meanwhile fails with AbortError, which is harmless.
		if (!(error instanceof DOMException && error.name === 'NotAllowedError')) return;
		if (element instanceof HTMLVideoElement) freeze();
		else playback.update({ blocked: true });
	}
}

/** Any gesture will do: the welcome screen has no button for it. */
function freeze() {
	if (!playback.value.frozen) atNextGesture(() => void listen());
	playback.update({ blocked: true, frozen: true });
}
