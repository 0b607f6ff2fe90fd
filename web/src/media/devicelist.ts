import { Store } from '../base/store';

export type DeviceKind = 'mic' | 'camera' | 'speaker';

interface ListedDevice {
	id: string;
	/** The browser's name for it; empty until the participant has allowed a device of this kind. */
	label: string;
}

/** The available devices. */
export const deviceList = new Store<Record<DeviceKind, ListedDevice[]>>({ mic: [], camera: [], speaker: [] });

const KINDS: Record<DeviceKind, MediaDeviceKind> = { mic: 'audioinput', camera: 'videoinput', speaker: 'audiooutput' };

/** Call it also after a device was allowed: browsers reveal names only then. */
export async function refreshDevices() {
	const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
	const list = (kind: DeviceKind) =>
		all
			// Without permission, browsers list one nameless device of each kind.
			.filter((device) => device.kind === KINDS[kind] && device.deviceId)
			.map(({ deviceId, label }) => ({ id: deviceId, label }));
	deviceList.update({ mic: list('mic'), camera: list('camera'), speaker: list('speaker') });
}

/** Keeps the list up to date; returns how to stop that. */
export function watchDevices(): () => void {
	const refresh = () => void refreshDevices();
	refresh();
	navigator.mediaDevices?.addEventListener('devicechange', refresh);
	return () => navigator.mediaDevices?.removeEventListener('devicechange', refresh);
}
