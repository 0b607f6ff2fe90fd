import type { types } from 'mediasoup-client';
import { expect, test } from 'vitest';
import { receivingCapabilities } from './capabilities';

const extension = (kind: 'audio' | 'video', uri: string, direction: types.RtpHeaderExtension['direction'] = 'sendrecv') => ({
	kind,
	uri: uri as types.RtpHeaderExtensionUri,
	preferredId: uri.length,
	preferredEncrypt: false,
	direction,
});
const native = (audio: string[], video: string[]) => (kind: 'audio' | 'video') => ({
	headerExtensions: (kind === 'audio' ? audio : video).map((uri) => ({ uri })),
});
const uris = (caps: types.RtpCapabilities, kind: string) =>
	caps.headerExtensions?.filter((one) => one.kind === kind).map(({ uri }) => uri);

const router = {
	codecs: [],
	headerExtensions: [
		extension('audio', 'cc'),
		extension('video', 'cc'),
		extension('audio', 'level'),
		extension('video', 'rid', 'recvonly'),
	],
};
const known = { codecs: [], headerExtensions: [extension('video', 'cc'), extension('audio', 'level')] };

test('audio has the extensions that it shares with video', () => {
	const caps = receivingCapabilities(known, router, native(['cc', 'level'], ['cc', 'rid']));
	expect(uris(caps, 'audio')).toEqual(['level', 'cc']);
	expect(uris(caps, 'video')).toEqual(['cc']);
	expect(known.headerExtensions).toHaveLength(2);
});

test('nothing is announced that the browser does not know', () => {
	expect(uris(receivingCapabilities(known, router, native([], [])), 'audio')).toEqual(['level']);
	expect(
		uris(
			receivingCapabilities(known, router, () => null),
			'audio',
		),
	).toEqual(['level']);
});

test('nothing is requested that the router only receives', () => {
	expect(uris(receivingCapabilities(known, router, native(['rid'], ['cc', 'rid'])), 'video')).toEqual(['cc']);
});
