import type { DeviceInfo } from '../signaling/messages';

/** In this order: Edge and Opera also call themselves Chrome, and Chrome calls itself Safari. */
const BROWSERS: [flag: string, name: string, version: RegExp][] = [
	['edge', 'Edge', /Edg(?:A|iOS)?\/([\d.]+)/],
	['opera', 'Opera', /OPR\/([\d.]+)/],
	['firefox', 'Firefox', /(?:Firefox|FxiOS)\/([\d.]+)/],
	['chrome', 'Chrome', /(?:Chrome|CriOS)\/([\d.]+)/],
	['safari', 'Safari', /Version\/([\d.]+).*Safari/],
];

/** What the other participants are told about this browser. */
export function browserInfo(userAgent: string): DeviceInfo {
	for (const [flag, name, pattern] of BROWSERS) {
		const version = pattern.exec(userAgent)?.[1];
		if (version) return { flag, name, version };
	}
	return { flag: 'unknown', name: 'unknown', version: '' };
}
