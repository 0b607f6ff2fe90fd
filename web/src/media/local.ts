import { recall, remember } from '../base/storage';
import { Store } from '../base/store';

export type DeviceName = 'mic' | 'camera';

/**
 * Why a device cannot be used: refused by the user or the system, missing, in use elsewhere, not allowed by the embedding
 * page, this page was loaded without HTTPS, or the device was disconnected.
 */
export type DeviceProblem = 'denied' | 'missing' | 'busy' | 'policy' | 'insecure' | 'ended';

interface LocalDevice {
	/** The participant's choice. */
	on: boolean;
	/** Waiting for the browser's permission or for the device. */
	pending: boolean;
	track: MediaStreamTrack | null;
	problem: DeviceProblem | null;
	/** How often there was a problem. */
	failures: number;
	/** Which of several devices: a deviceId, or null for the browser's default. It may be gone by now. */
	wanted: string | null;
}

type LocalDevices = Record<DeviceName, LocalDevice>;

const OFF = { on: false, pending: false, track: null, problem: null };

const FEATURE = { mic: 'microphone', camera: 'camera' };

const constraints: Record<DeviceName, MediaTrackConstraints> = {
	mic: {},
	camera: { width: { ideal: 1280 }, height: { ideal: 720 } },
};

export function problemOf(error: unknown): DeviceProblem {
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

/** Only Chromium says what the embedding page does not allow; elsewhere that looks like a refusal. */
interface PolicedDocument {
	featurePolicy?: { allowsFeature(feature: string): boolean };
}

function request(names: DeviceName[], wanted?: Record<DeviceName, string | null>): MediaStreamConstraints {
	const of = (name: DeviceName) => {
		const id = wanted?.[name];
		return names.includes(name) && { ...constraints[name], ...(id && { deviceId: { exact: id } }) };
	};
	return { audio: of('mic'), video: of('camera') };
}

/** What is known without asking for the device. */
function obstacle(name: DeviceName): DeviceProblem | null {
	if (!navigator.mediaDevices) return 'insecure';
	const allowed = (document as PolicedDocument).featurePolicy?.allowsFeature(FEATURE[name]) ?? true;
	return allowed ? null : 'policy';
}

/**
 * The participant's own camera and microphone. A camera that is off is released; a microphone that is off stays open
 * with its track disabled, so that unmuting is instant.
 */
export class LocalMedia {
	readonly devices = new Store<LocalDevices>({
		mic: { ...OFF, failures: 0, wanted: recall('mic') },
		camera: { ...OFF, failures: 0, wanted: recall('camera') },
	});
	/** Counts releases: what the browser hands out for an earlier request is stopped at once. */
	#generation = 0;

	/** Opens both devices with one permission prompt, or the one that exists. */
	async start(wanted: Record<DeviceName, boolean>) {
		if (wanted.mic && wanted.camera && !obstacle('mic') && !obstacle('camera')) {
			const generation = this.#generation;
			this.#update('mic', { on: true, pending: true, problem: null });
			this.#update('camera', { on: true, pending: true, problem: null });
			try {
				const stream = await this.#ask('mic', 'camera');
				this.#adopt('mic', stream.getAudioTracks()[0]!, generation);
				this.#adopt('camera', stream.getVideoTracks()[0]!, generation);
				return;
			} catch {
				// One of the two is missing, busy or denied: the other one may still work alone.
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

	/** Chooses one of several devices; if one is open, it changes at once. The device's state tells the result. */
	async choose(name: DeviceName, deviceId: string) {
		remember(name, deviceId);
		const { track } = this.devices.value[name];
		this.#update(name, { wanted: deviceId, problem: null });
		if (!track) return;
		// Many phones open only one camera at a time. The published track continues with the next camera's video.
		if (name === 'camera') track.stop();
		await this.#open(name, true);
	}

	dismissProblems() {
		this.#update('mic', { problem: null });
		this.#update('camera', { problem: null });
	}

	/** Releases both devices; returns which of them were on, for start(). */
	release(): Record<DeviceName, boolean> {
		const { mic, camera } = this.devices.value;
		this.#generation++;
		mic.track?.stop();
		camera.track?.stop();
		this.#update('mic', OFF);
		this.#update('camera', OFF);
		return { mic: mic.on, camera: camera.on };
	}

	/** chosen: exactly this device, in the state of the previous one. */
	async #open(name: DeviceName, chosen = false) {
		const problem = obstacle(name);
		if (problem) {
			this.#update(name, { on: false, pending: false, problem });
			return;
		}
		const generation = this.#generation;
		const { wanted, on } = this.devices.value[name];
		this.#update(name, { on: chosen ? on : true, pending: true, problem: null });
		try {
			const stream = await (chosen ? this.#insist(name) : this.#ask(name));
			const track = stream.getTracks()[0]!;
			// Another device may have been chosen meanwhile.
			if (chosen && this.devices.value[name].wanted !== wanted) track.stop();
			else this.#adopt(name, track, generation);
		} catch (error) {
			if (generation !== this.#generation) return;
			const before = this.devices.value[name].track;
			const track = before?.readyState === 'live' ? before : null;
			this.#update(name, { on: track !== null && on, pending: false, track, problem: problemOf(error) });
		}
	}

	/** The wanted devices, or any if a wanted one is gone. */
	async #ask(...names: DeviceName[]): Promise<MediaStream> {
		try {
			return await this.#insist(...names);
		} catch (error) {
			if (!names.some((name) => this.devices.value[name].wanted) || problemOf(error) !== 'missing') throw error;
			return navigator.mediaDevices.getUserMedia(request(names));
		}
	}

	#insist(...names: DeviceName[]): Promise<MediaStream> {
		const { mic, camera } = this.devices.value;
		return navigator.mediaDevices.getUserMedia(request(names, { mic: mic.wanted, camera: camera.wanted }));
	}

	#adopt(name: DeviceName, track: MediaStreamTrack, generation: number) {
		const { on, track: before } = this.devices.value[name];
		if (generation !== this.#generation || (name === 'camera' && !on)) {
			// Released or switched off while the browser was asking.
			track.stop();
			if (generation === this.#generation) this.#update(name, { pending: false });
			return;
		}
		before?.stop();
		track.enabled = on;
		track.addEventListener('ended', () => {
			if (this.devices.value[name].track === track) this.#update(name, { on: false, track: null, problem: 'ended' });
		});
		this.#update(name, { pending: false, track });
	}

	#update(name: DeviceName, patch: Partial<LocalDevice>) {
		const was = this.devices.value[name];
		const failures = was.failures + (patch.problem ? 1 : 0);
		this.devices.update({ [name]: { ...was, failures, ...patch } });
	}
}
