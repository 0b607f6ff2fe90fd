import { expect, test, vi } from 'vitest';
import { parseAttributes, parseLanguage } from './attributes';

function parse(kind: 'call' | 'webinar', search: string) {
	const warn = vi.fn<(text: string) => void>();
	return { attributes: parseAttributes(kind, search, warn), warnings: warn.mock.calls.flat() };
}

test('everyone in a call is a speaker; in a webinar only itisparticipant', () => {
	expect(parse('call', '?roomId=r').attributes.speaker).toBe(true);
	expect(parse('webinar', '?roomId=r').attributes.speaker).toBe(false);
	expect(parse('webinar', '?roomId=r&itisparticipant=true').attributes.speaker).toBe(true);
	expect(parse('webinar', '?roomId=r&itisparticipant=1').attributes.speaker).toBe(true);
	expect(parse('webinar', '?roomId=r&itisparticipant=0').attributes.speaker).toBe(false);
});

test('a bad value is ignored with a warning that names the attribute', () => {
	const { attributes, warnings } = parse('webinar', '?roomId=r&itisparticipant=yes&codec=toString');
	expect(attributes).toMatchObject({ speaker: false, codec: null });
	expect(warnings).toHaveLength(2);
	expect(warnings[0]).toContain('itisparticipant');
	expect(warnings[1]).toContain('codec');
});

test.each(['', '?roomId=', '?roomId=a%20b', '?roomId=' + 'x'.repeat(65), '?roomId=%D0%B0'])(
	'no room id in %j',
	(search) => expect(parse('call', search).attributes.roomId).toBeNull(),
);

test('room id, peer id and name are taken as they are', () => {
	const { attributes, warnings } = parse('call', '?roomId=serv1-a_B&peerID=p1&displayName=%D0%90%20%3Cb%3E');
	expect(attributes).toMatchObject({ roomId: 'serv1-a_B', peerId: 'p1', displayName: 'А <b>' });
	expect(warnings).toEqual([]);
});

test('a peer without an id gets a fresh GUID', () => {
	const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
	const first = parse('call', '?roomId=r').attributes.peerId;
	expect(first).toMatch(guid);
	expect(parse('call', '?roomId=r').attributes.peerId).not.toBe(first);
});

test('only the languages of the page are taken', () => {
	const warn = vi.fn<(text: string) => void>();
	expect(parseLanguage('?lang=ru', warn)).toBe('ru');
	expect(parseLanguage('', warn)).toBeNull();
	expect(warn).not.toHaveBeenCalled();
	expect(parseLanguage('?lang=RU', warn)).toBeNull();
	expect(warn).toHaveBeenCalledOnce();
});
