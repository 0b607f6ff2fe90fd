import type { types } from 'mediasoup-client';

/**
 * Redundant audio (RFC 2198), which the server sends over lossy links. The router does not name it, since mediasoup-client
 * describes it wrongly: only clients that correct the description may receive it.
 */
const RED: types.RtpCodecCapability = {
	kind: 'audio',
	mimeType: 'audio/red',
	preferredPayloadType: 109, // controlplane/room/ortc.h
	clockRate: 48000,
	channels: 2,
	parameters: {},
	rtcpFeedback: [],
};

export function withRed(router: types.RtpCapabilities): types.RtpCapabilities {
	return { ...router, codecs: [...(router.codecs ?? []), RED] };
}

/** mediasoup-client writes every parameter as name=value. RED's has no name, and Chromium rejects RED with one. */
export function mendRed(sdp: string): string {
	return sdp.replace(/^(a=fmtp:\d+ \d+\/\d+)=(?=\r?$)/gm, '$1');
}

let mending = false;

/** From now on, the page's PeerConnections get a correct description of RED. */
export function mendDescriptions() {
	if (mending) return;
	mending = true;
	const set: (description: RTCSessionDescriptionInit, ...others: never[]) => Promise<void> =
		RTCPeerConnection.prototype.setRemoteDescription;
	// Further arguments are callbacks of the legacy API.
	RTCPeerConnection.prototype.setRemoteDescription = function (
		{ type, sdp = '' }: RTCSessionDescriptionInit,
		...others: never[]
	) {
		return set.call(this, { type, sdp: mendRed(sdp) }, ...others);
	};
}
