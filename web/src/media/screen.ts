import { Store } from '../base/store';

/** Why the screen is not shared: declined, no gesture in this page, not allowed by the embedding page, or not possible. */
export type ScreenProblem = 'denied' | 'gesture' | 'policy' | 'unsupported' | 'busy';

interface ScreenState {
	/** Waiting for the browser's dialog. */
	pending: boolean;
	video: MediaStreamTrack | null;
	/** The audio of what is shared, if browser and participant provide it. */
	audio: MediaStreamTrack | null;
	problem: ScreenProblem | null;
	/** How often there was a problem. */
	failures: number;
}

const IDLE: Omit<ScreenState, 'failures'> = { pending: false, video: null, audio: null, problem: null };

function problemOf(error: unknown): ScreenProblem {
	switch (error instanceof DOMException ? error.name : '') {
		case 'InvalidStateError':
			return 'gesture';
		case 'NotAllowedError':
			return blockedByPolicy() ? 'policy' : 'denied';
		case 'NotFoundError':
		case 'NotSupportedError':
			return 'unsupported';
		default:
			return 'busy';
	}
}

/** The embedding page's iframe lacks allow="display-capture". Only Chromium says so. */
function blockedByPolicy(): boolean {
	const { featurePolicy } = document as { featurePolicy?: { allowsFeature(name: string): boolean } };
	return featurePolicy?.allowsFeature('display-capture') === false;
}

/** The participant's own screen, window or tab, while it is shared. */
export class ScreenShare {
	readonly state = new Store<ScreenState>({ ...IDLE, failures: 0 });
	/** Counts stops: what the browser hands out for an earlier request is stopped at once. */
	#generation = 0;

	static get possible(): boolean {
		return typeof navigator.mediaDevices?.getDisplayMedia === 'function';
	}

	/** Asks the participant what to share. Call it from a user gesture. True: it is shared now. */
	async start(): Promise<boolean> {
		if (this.state.value.video) return true;
		if (this.state.value.pending) return false;
		if (!ScreenShare.possible) {
			this.#fail('unsupported');
			return false;
		}
		const generation = this.#generation;
		this.state.update({ ...IDLE, pending: true });
		try {
			const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { max: 30 } }, audio: true });
			return this.#adopt(stream, generation);
		} catch (error) {
			if (generation === this.#generation) this.#fail(problemOf(error));
			return false;
		}
	}

	stop() {
		this.#generation++;
		const { video, audio } = this.state.value;
		video?.stop();
		audio?.stop();
		this.state.update(IDLE);
	}

	dismissProblem() {
		this.state.update({ problem: null });
	}

	#fail(problem: ScreenProblem) {
		this.state.update({ pending: false, problem, failures: this.state.value.failures + 1 });
	}

	#adopt(stream: MediaStream, generation: number): boolean {
		const video = stream.getVideoTracks()[0]!;
		if (generation !== this.#generation) {
			for (const track of stream.getTracks()) track.stop();
			return false;
		}
		// Text must stay sharp; frames may be delayed.
		video.contentHint = 'detail';
		// The browser's own "stop sharing".
		video.addEventListener('ended', () => {
			if (this.state.value.video === video) this.stop();
		});
		this.state.update({ pending: false, video, audio: stream.getAudioTracks()[0] ?? null });
		return true;
	}
}
