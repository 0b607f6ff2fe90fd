import { Device, type types } from 'mediasoup-client';
import { receivingCapabilities } from './capabilities';
import { mendDescriptions, withRed } from './red';

/** What this browser and the server can do together. It is the same for all visits. */
export interface Common {
	device: types.Device;
	/** What this browser receives of what the server sends. */
	rtpCapabilities: types.RtpCapabilities;
}

interface Ahead extends Common {
	/** Of the server's capabilities, by which `admitted` names them. */
	version: string;
}

/** So long a join waits for what is being loaded ahead; asking anew takes as long. */
const PATIENCE_MS = 500;
/** A server that has not answered by then will not. */
const SILENCE_MS = 4000;

let ahead: Promise<Ahead> | null = null;

async function load(router: types.RtpCapabilities): Promise<Common> {
	const device = await Device.factory();
	mendDescriptions();
	await device.load({ routerRtpCapabilities: withRed(router) });
	return { device, rtpCapabilities: receivingCapabilities(device.recvRtpCapabilities, router) };
}

async function ask(): Promise<Ahead> {
	const answer = await fetch('/api/routerRtpCapabilities', { signal: AbortSignal.timeout(SILENCE_MS) });
	if (!answer.ok) throw new Error(`the server's capabilities: ${answer.status}`);
	const { version, routerRtpCapabilities } = await answer.json();
	return { ...(await load(routerRtpCapabilities)), version };
}

/** Asks the browser, and the server by HTTP, before anybody joins: both take their time. What fails is asked again later. */
export function loadAhead() {
	ahead = ask();
	ahead.catch(() => {});
}

/** What was loaded ahead, if it is that version; else it is loaded now, as `askNow` answers. */
export async function loadCommon(version: string | undefined, askNow: () => Promise<types.RtpCapabilities>): Promise<Common> {
	if (ahead && version !== undefined) {
		const late = new Promise<null>((resolve) => setTimeout(resolve, PATIENCE_MS, null));
		const loaded = await Promise.race([ahead.catch(() => null), late]);
		if (loaded?.version === version) return loaded;
	}
	return load(await askNow());
}
