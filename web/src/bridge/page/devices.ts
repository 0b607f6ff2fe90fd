import { settled } from '../../base/store';
import type { DeviceName, DeviceProblem, LocalMedia } from '../../media/local';
import type { Constraints, Device, ErrorCode } from '../package/index';
import { MethodError } from './answer';

const CODES: Record<DeviceProblem, ErrorCode> = {
	denied: 'denied',
	policy: 'policy',
	missing: 'not-found',
	ended: 'not-found',
	busy: 'busy',
	insecure: 'unsupported',
};

export const KEYS = { mic: 'audio', camera: 'video' } as const;

/** Reads the devices that join and changeDevice take. */
export function readConstraints(data: unknown): Constraints {
	const constraints = ((data ?? {}) as { constraints?: unknown }).constraints ?? {};
	if (typeof constraints !== 'object') throw new MethodError('bad-data', 'constraints is not an object.');
	const { audio, video } = constraints as Constraints;
	for (const wish of [audio, video])
		if (!['undefined', 'boolean', 'object'].includes(typeof wish))
			throw new MethodError('bad-data', 'audio and video take true, false, or a device.');
	return { audio: audio ?? undefined, video: video ?? undefined };
}

/** Switches a device and waits for the result. */
export async function turn(local: LocalMedia, name: DeviceName, on: boolean) {
	await local.turn(name, on);
	await settled(local.devices, (devices) => !devices[name].pending);
	check(local, name);
}

export async function chooseDevice(local: LocalMedia, name: DeviceName, wish: Device) {
	const found = await findDevice(name, wish);
	if (!found) throw new MethodError('not-found', `There is no such ${name}.`);
	await local.choose(name, found.deviceId);
	await settled(local.devices, (devices) => !devices[name].pending);
	check(local, name);
}

/** Opens the devices that join requests; any other stays as it is. Failures are reported by events. */
export async function openWanted(local: LocalMedia, { audio, video }: Constraints) {
	const wishes = { mic: audio, camera: video };
	const missing = { mic: false, camera: false };
	for (const name of ['mic', 'camera'] as const) {
		const wish = wishes[name];
		if (wish === undefined) continue;
		if (wish && !local.devices.value[name].track) missing[name] = true;
		else await local.turn(name, Boolean(wish));
	}
	if (missing.mic || missing.camera) await local.start(missing);
	// Browsers name devices only once access was allowed.
	for (const name of ['mic', 'camera'] as const) {
		const wish = wishes[name];
		if (typeof wish === 'object') await chooseDevice(local, name, wish);
	}
}

/** The embedding page knows a device by a different id than this page, but by the same label. */
async function findDevice(name: DeviceName, { deviceId, label }: Device): Promise<MediaDeviceInfo | undefined> {
	const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
	const devices = all.filter(({ kind }) => kind === `${KEYS[name]}input`);
	return devices.find((device) => device.deviceId === deviceId) ?? devices.find((device) => label && device.label === label);
}

function check(local: LocalMedia, name: DeviceName) {
	const { problem } = local.devices.value[name];
	if (problem) throw new MethodError(CODES[problem], `${name}: ${problem}`);
}
