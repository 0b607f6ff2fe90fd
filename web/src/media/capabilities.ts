import type { types } from 'mediasoup-client';

type Kind = 'audio' | 'video';
type Native = (kind: Kind) => { headerExtensions: { uri: string }[] } | null;

const KINDS: Kind[] = ['audio', 'video'];

/**
 * What this browser receives. mediasoup-client keeps each header extension for one kind only, and drops audio's if video has
 * it too: without transport-wide numbers on audio, the server could not estimate the link while no video is sent.
 */
export function receivingCapabilities(
	known: types.RtpCapabilities,
	router: types.RtpCapabilities,
	native: Native = (kind) => RTCRtpReceiver.getCapabilities(kind),
): types.RtpCapabilities {
	const extensions = [...(known.headerExtensions ?? [])];
	for (const kind of KINDS) {
		const able = new Set(native(kind)?.headerExtensions.map(({ uri }) => uri));
		for (const offered of router.headerExtensions ?? []) {
			const sent = offered.kind === kind && (offered.direction ?? 'sendrecv').startsWith('send');
			if (!sent || !able.has(offered.uri)) continue;
			if (extensions.some((one) => one.kind === kind && one.uri === offered.uri)) continue;
			extensions.push({ ...offered, direction: 'sendrecv' });
		}
	}
	return { ...known, headerExtensions: extensions };
}
