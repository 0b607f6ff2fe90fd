import { useEffect, useRef } from 'preact/hooks';

/** Below this the meter shows nothing: a quiet room. */
const FLOOR_DB = -60;

/** Shows how loud a track is, so that people can see that it works. */
export function LevelMeter({ track, label }: { track: MediaStreamTrack | null; label: string }) {
	const bar = useRef<HTMLDivElement>(null);

	useEffect(() => {
		if (!track) return;
		return watchLevel(track, (level) => {
			if (bar.current) bar.current.style.transform = `scaleX(${level})`;
		});
	}, [track]);

	return (
		<div class="level" role="img" aria-label={label} data-testid="level">
			{track && <div class="level-bar" ref={bar} />}
		</div>
	);
}

function watchLevel(track: MediaStreamTrack, show: (level: number) => void): () => void {
	const context = new AudioContext();
	const analyser = context.createAnalyser();
	analyser.fftSize = 1024;
	context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
	const samples = new Float32Array(analyser.fftSize);

	// Some browsers start audio processing only at a user gesture.
	const wake = () => void context.resume();
	addEventListener('pointerdown', wake);
	addEventListener('keydown', wake);

	let shown = 0;
	let frame = requestAnimationFrame(function draw() {
		analyser.getFloatTimeDomainData(samples);
		const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
		const level = Math.min(1, Math.max(0, 1 - (10 * Math.log10(power)) / FLOOR_DB));
		// Rises at once and falls slowly, as meters do.
		shown = Math.max(level, shown * 0.92);
		show(shown);
		frame = requestAnimationFrame(draw);
	});

	return () => {
		cancelAnimationFrame(frame);
		removeEventListener('pointerdown', wake);
		removeEventListener('keydown', wake);
		void context.close();
	};
}
