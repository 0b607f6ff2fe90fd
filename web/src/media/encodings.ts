import type { types } from 'mediasoup-client';

/**
 * How the camera is encoded with a codec: simulcast with VP8 and H.264, spatial layers of the same three sizes with VP9.
 * AV1 sends one resolution in temporal layers: Chromium cannot decode its spatial layers without their dependency
 * descriptor, which the server reads and does not pass on.
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

/** The codec to send the camera with: the forced one if both sides know it, otherwise the room's first. */
export function cameraCodec(capabilities: types.RtpCapabilities, forced: string | null): types.RtpCodecCapability | undefined {
	const codecs = (capabilities.codecs ?? []).filter(({ kind, mimeType }) => kind === 'video' && !/\/rtx$/i.test(mimeType));
	if (!forced) return codecs[0];
	const codec = codecs.find(({ mimeType }) => mimeType.toLowerCase() === `video/${forced}`);
	if (!codec) console.warn(`amphi: codec ${forced} is not available here`);
	return codec ?? codecs[0];
}

/**
 * How a screen is encoded: always in full size, since smaller text is unreadable, and twice: with few frames for slow links
 * and with all of them. VP9, which a page uses only if its attribute `codec` says so, has temporal layers instead.
 */
export function screenEncodings(codec: types.RtpCodecCapability): types.RtpEncodingParameters[] {
	const all = { scaleResolutionDownBy: 1, maxBitrate: 2_500_000, maxFramerate: 30, scalabilityMode: 'L1T3' };
	if (/^video\/vp9$/i.test(codec.mimeType)) return [all];
	return [
		{ ...all, rid: 'r0', maxBitrate: 320_000, maxFramerate: 5 }, // fits into 500 kbit/s next to audio
		{ ...all, rid: 'r1' },
	];
}

/** What may change in an encoding while it is sent. */
interface Applied {
	active: boolean;
	maxBitrate: number;
}

/** A layer that gets less than this share of its intended bitrate is not worth sending. */
const LAYER_LEAST = 0.4;

/**
 * The same encodings, together within a limit in bit/s: the small ones first, so that there is video as long as any fits.
 * Null: no limit.
 */
export function withinBitrate(encodings: types.RtpEncodingParameters[], limit: number | null): Applied[] {
	let left = limit ?? Infinity;
	return encodings.map(({ maxBitrate = Infinity, scaleResolutionDownBy }, index) => {
		const given = Math.min(maxBitrate, left);
		const lower = encodings[index - 1];
		// A screen's second encoding has more frames of the same size: it is worth more than the first once it has as many bits.
		const least = lower?.scaleResolutionDownBy === scaleResolutionDownBy ? lower?.maxBitrate : undefined;
		const active = index === 0 || given >= Math.min(least ?? Infinity, LAYER_LEAST * maxBitrate);
		if (active) left -= given;
		return { active, maxBitrate: active ? given : maxBitrate };
	});
}

/** The same, without those that no viewer requests; the smallest always goes on. Null: all are requested. */
export function wantedOf(encodings: Applied[], wanted: boolean[] | null): Applied[] {
	return encodings.map((encoding, index) => ({
		...encoding,
		active: encoding.active && (index === 0 || (wanted?.[index] ?? true)),
	}));
}
