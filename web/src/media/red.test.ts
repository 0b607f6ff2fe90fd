import { expect, test, vi } from 'vitest';
import { mendDescriptions, mendRed, withRed } from './red';

test('the parameter of redundant audio has no name', () => {
	const sdp = (red: string) => `a=fmtp:100 useinbandfec=1\r\na=fmtp:109 ${red}\r\na=fmtp:103 x=\r\n`;
	expect(mendRed(sdp('100/100='))).toBe(sdp('100/100'));
	expect(mendRed(sdp('100/100'))).toBe(sdp('100/100'));
});

test('the router’s other codecs stay', () => {
	const opus = { kind: 'audio', mimeType: 'audio/opus', preferredPayloadType: 100, clockRate: 48000, channels: 2 } as const;
	expect(withRed({ codecs: [opus] }).codecs?.map(({ mimeType }) => mimeType)).toEqual(['audio/opus', 'audio/red']);
});

test('a connection gets the right description of redundant audio, whatever form the page uses', () => {
	const set = vi.fn();
	class RTCPeerConnection {
		setRemoteDescription(...all: unknown[]) {
			set(...all);
		}
	}
	vi.stubGlobal('RTCPeerConnection', RTCPeerConnection);
	mendDescriptions();
	const done = () => {};
	new RTCPeerConnection().setRemoteDescription({ type: 'offer', sdp: 'a=fmtp:109 100/100=\r\n' }, done);
	expect(set.mock.calls).toEqual([[{ type: 'offer', sdp: 'a=fmtp:109 100/100\r\n' }, done]]);
});
