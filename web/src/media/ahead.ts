import { Device, type types } from 'mediasoup-client';
import { receivingCapabilities } from './capabilities';
import { mendDescriptions, withRed } from './red';

/** What this browser and the server have in common. It is the same for all visits. */
interface Common {
	device: types.Device;
	/** What this browser receives of what the server sends. */
	rtpCapabilities: types.RtpCapabilities;
}

interface Ahead extends Common {
	/** The version of the server's capabilities, as named in `admitted`. */
	version: string;
}

/** How long a join waits for what is being loaded ahead; a new request takes as long. */
const PATIENCE_MS = 500;
/** A server that has not answered by then will not answer. */
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

/** Queries the browser, and the server over HTTP, before the join: both take time. A query that fails is repeated later. */
export function loadAhead() {
	ahead = ask();
	ahead.catch(() => {});
}

/** What was loaded ahead, if it has that version; otherwise it is loaded now, from the answer of `askNow`. */
export async function loadCommon(version: string | undefined, askNow: () => Promise<types.RtpCapabilities>): Promise<Common> {
	if (ahead && version !== undefined) {
		const late = new Promise<null>((resolve) => setTimeout(resolve, PATIENCE_MS, null));
		const loaded = await Promise.race([ahead.catch(() => null), late]);
		if (loaded?.version === version) return loaded;
	}
	return load(await askNow());
}
