import type { Size } from '../../media/subscriber';
import { MethodError } from './answer';

/** Longer than a key frame takes, shorter than the caller waits. */
const FRAME_MS = 6000;

/** How long the largest size may take after the first frame, and how long until it is certainly shown once it is sent. */
const LARGEST_MS = 3000;
const SHOWN_MS = 500;
/** A size that stays for this long grows no more: browsers omit the largest size of a small camera. */
const STEADY_MS = 1000;

/** A track's current picture as a PNG in a data: URL, in the largest size that arrives soon. size: what is sent now. */
export async function screenshot(track: MediaStreamTrack, size: () => Size): Promise<string> {
	// An element of its own: the tile may show nothing of the track now.
	const video = document.createElement('video');
	video.muted = true;
	video.playsInline = true;
	video.srcObject = new MediaStream([track]);
	const was = size();
	try {
		await firstFrame(video);
		if (was.now !== was.largest) await largestFrame(video, size, was.now);
		const canvas = document.createElement('canvas');
		canvas.width = video.videoWidth;
		canvas.height = video.videoHeight;
		canvas.getContext('2d')!.drawImage(video, 0, 0);
		return canvas.toDataURL('image/png');
	} finally {
		video.srcObject = null;
	}
}

async function firstFrame(video: HTMLVideoElement) {
	await new Promise<void>((resolve, reject) => {
		const timer = setTimeout(() => reject(new MethodError('failed', 'No picture comes in.')), FRAME_MS);
		const done = () => {
			clearTimeout(timer);
			resolve();
		};
		// Not requestVideoFrameCallback(): it waits for as long as the page itself is out of sight.
		video.addEventListener('loadeddata', done, { once: true });
		void video.play().catch(() => {});
	});
}

/** Small video goes on until the large one has a key frame; the server's message about it arrives before the video. */
async function largestFrame(video: HTMLVideoElement, size: () => Size, was: number) {
	const began = performance.now();
	let last = { layer: was, width: 0, at: began };
	for (let at = began; at - began < LARGEST_MS; at = performance.now()) {
		const { now: layer, largest } = size();
		const { videoWidth: width } = video;
		if (layer !== last.layer || width !== last.width) last = { layer, width, at };
		if (layer > was && at - last.at > (layer === largest ? SHOWN_MS : STEADY_MS)) return;
		await new Promise((resolve) => setTimeout(resolve, 50));
	}
}
