import { Store } from '../ui/store';

export type DeviceName = 'mic' | 'camera';
/** Why a device cannot be used: refused by the user, not there, in use elsewhere, or the page came without HTTPS. */
export type DeviceProblem = 'denied' | 'missing' | 'busy' | 'insecure' | 'ended';

export interface LocalDevice {
	/** What the participant chose. */
	on: boolean;
	/** Waiting for the browser's permission or for the device. */
	pending: boolean;
	track: MediaStreamTrack | null;
	problem: DeviceProblem | null;
}

export type LocalDevices = Record<DeviceName, LocalDevice>;

const OFF: LocalDevice = { on: false, pending: false, track: null, problem: null };

const CONSTRAINTS = {
	mic: { audio: true },
	camera: { video: { width: { ideal: 1280 }, height: { ideal: 720 } } },
} satisfies Record<DeviceName, MediaStreamConstraints>;

function problemOf(error: unknown): DeviceProblem {
	switch (error instanceof DOMException ? error.name : '') {
		case 'NotAllowedError':
		case 'SecurityError':
			return 'denied';
		case 'NotFoundError':
		case 'OverconstrainedError':
			return 'missing';
		default:
			return 'busy';
	}
}

/**
 * The participant's own camera and microphone. A camera that is off is released; a microphone that is off stays open
 * with its track disabled, so that unmuting is instant.
 */
export class LocalMedia {
	readonly devices = new Store<LocalDevices>({ mic: OFF, camera: OFF });
	/** Counts releases: what the browser hands out for an earlier request is stopped at once. */
	#generation = 0;

	/** Opens both devices with one permission prompt, or whichever of them there is. */
	async start(wanted: Record<DeviceName, boolean>) {
		if (wanted.mic && wanted.camera && navigator.mediaDevices) {
			const generation = this.#generation;
			this.#update('mic', { on: true, pending: true, problem: null });
			this.#update('camera', { on: true, pending: true, problem: null });
			try {
				const stream = await navigator.mediaDevices.getUserMedia({
					...CONSTRAINTS.mic,
					...CONSTRAINTS.camera,
				});
				this.#adopt('mic', stream.getAudioTracks()[0]!, generation);
				this.#adopt('camera', stream.getVideoTracks()[0]!, generation);
				return;
			} catch {
				// One of the two is missing, busy or denied: the other one may still be had alone.
			}
			if (generation !== this.#generation) return;
		}
		if (wanted.mic) await this.#open('mic');
		if (wanted.camera) await this.#open('camera');
	}

	async turn(name: DeviceName, on: boolean) {
		const { track, pending } = this.devices.value[name];
		if (on && !track) {
			if (pending) this.#update(name, { on });
			else await this.#open(name);
		} else if (name === 'camera' && track && !on) {
			track.stop();
			this.#update(name, { on, track: null });
		} else {
			if (track) track.enabled = on;
			this.#update(name, { on, problem: null });
		}
	}

	dismissProblems() {
		this.#update('mic', { problem: null });
		this.#update('camera', { problem: null });
	}

	/** Gives both devices back; says which of them were on, for start(). */
	release(): Record<DeviceName, boolean> {
		const { mic, camera } = this.devices.value;
		this.#generation++;
		mic.track?.stop();
		camera.track?.stop();
		this.devices.update({ mic: OFF, camera: OFF });
		return { mic: mic.on, camera: camera.on };
	}

	async #open(name: DeviceName) {
		if (!navigator.mediaDevices) {
			this.#update(name, { on: false, problem: 'insecure' });
			return;
		}
		const generation = this.#generation;
		this.#update(name, { on: true, pending: true, problem: null });
		try {
			const stream = await navigator.mediaDevices.getUserMedia(CONSTRAINTS[name]);
			this.#adopt(name, stream.getTracks()[0]!, generation);
		} catch (error) {
			if (generation === this.#generation)
				this.#update(name, { on: false, pending: false, problem: problemOf(error) });
		}
	}

	#adopt(name: DeviceName, track: MediaStreamTrack, generation: number) {
		const { on } = this.devices.value[name];
		if (generation !== this.#generation || (name === 'camera' && !on)) {
			// Released or switched off while the browser was asking.
			track.stop();
			if (generation === this.#generation) this.#update(name, { pending: false });
			return;
		}
		track.enabled = on;
		track.addEventListener('ended', () => {
			if (this.devices.value[name].track === track)
				this.#update(name, { on: false, track: null, problem: 'ended' });
		});
		this.#update(name, { pending: false, track });
	}

	#update(name: DeviceName, patch: Partial<LocalDevice>) {
		this.devices.update({ [name]: { ...this.devices.value[name], ...patch } });
	}
}
