import { MethodError } from './answer';

/** Longer than a key frame takes, shorter than the caller waits. */
const FRAME_MS = 8000;

/** A track's current picture as a PNG in a data: URL. */
export async function screenshot(track: MediaStreamTrack): Promise<string> {
	// Of its own: the tile may show nothing of it now.
	const video = document.createElement('video');
	video.muted = true;
	video.playsInline = true;
	video.srcObject = new MediaStream([track]);
	try {
		await firstFrame(video);
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
