import type { Size } from '../../media/subscriber';
import { MethodError } from './answer';

/** Longer than a key frame takes, shorter than the caller waits. */
const FRAME_MS = 6000;

/** How long the largest picture may take from the first on, and how long until it is shown for certain once it is sent. */
const LARGEST_MS = 3000;
const SHOWN_MS = 500;
/** A larger one that stays so long grows no more: browsers leave the largest size of a small camera away. */
const STEADY_MS = 1000;

/** A track's current picture as a PNG in a data: URL; the largest that comes soon. size: what is sent now. */
export async function screenshot(track: MediaStreamTrack, size: () => Size): Promise<string> {
	// Of its own: the tile may show nothing of it now.
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

/** A small picture goes on until the large one has a key frame; what the server says of it is ahead of the pictures. */
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
