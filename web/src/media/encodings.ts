import type { types } from 'mediasoup-client';

/**
 * How the camera is encoded with a codec: simulcast with VP8 and H.264, spatial layers of the same three sizes with VP9.
 * AV1 sends one resolution: the server relays its layers whole, and Chromium cannot decode its spatial layers without
 * their dependency descriptor.
 */
export function cameraEncodings(codec: types.RtpCodecCapability): types.RtpEncodingParameters[] {
	if (/^video\/vp9$/i.test(codec.mimeType)) return [{ maxBitrate: 1_500_000, scalabilityMode: 'L3T3_KEY' }];
	if (/^video\/av1$/i.test(codec.mimeType)) return [{ maxBitrate: 1_500_000, scalabilityMode: 'L1T3' }];
	return [
		{ rid: 'r0', scaleResolutionDownBy: 4, maxBitrate: 150_000, scalabilityMode: 'L1T3' },
		{ rid: 'r1', scaleResolutionDownBy: 2, maxBitrate: 500_000, scalabilityMode: 'L1T3' },
		{ rid: 'r2', scaleResolutionDownBy: 1, maxBitrate: 1_500_000, scalabilityMode: 'L1T3' },
	];
}

/** The codec to send the camera with: the forced one where both sides know it, else the room's first. */
export function cameraCodec(
	capabilities: types.RtpCapabilities,
	forced: string | null,
): types.RtpCodecCapability | undefined {
	const codecs = (capabilities.codecs ?? []).filter(
		({ kind, mimeType }) => kind === 'video' && !/\/rtx$/i.test(mimeType),
	);
	if (!forced) return codecs[0];
	const codec = codecs.find(({ mimeType }) => mimeType.toLowerCase() === `video/${forced}`);
	if (!codec) console.warn(`amphi: codec ${forced} is not available here`);
	return codec ?? codecs[0];
}

/** A screen is sent in one size: its text is unreadable in a smaller one. */
export function screenEncodings(): types.RtpEncodingParameters[] {
	return [{ maxBitrate: 2_500_000, scalabilityMode: 'L1T3' }];
}

/** A layer with less than this share of what it is meant for is not worth sending. */
const LAYER_LEAST = 0.4;

/**
 * The same encodings, all together within a limit in bit/s: the small ones first, so that there is a picture as long as
 * there can be one. Null: no limit.
 */
export function withinBitrate(
	encodings: types.RtpEncodingParameters[],
	limit: number | null,
): { active: boolean; maxBitrate: number }[] {
	let left = limit ?? Infinity;
	return encodings.map(({ maxBitrate = Infinity }, index) => {
		const given = Math.min(maxBitrate, left);
		const active = index === 0 || given >= LAYER_LEAST * maxBitrate;
		if (active) left -= given;
		return { active, maxBitrate: active ? given : maxBitrate };
	});
}
