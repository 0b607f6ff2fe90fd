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

test.each(['', '?roomId=', '?roomId=a%20b', `?roomId=${'x'.repeat(65)}`, '?roomId=%D0%B0'])('no room id in %j', (search) =>
	expect(parse('call', search).attributes.roomId).toBeNull(),
);

test('room id, peer id and name are used unchanged', () => {
	const { attributes, warnings } = parse('call', '?roomId=serv1-a_B&peerID=p1&displayName=%D0%90%20%3Cb%3E');
	expect(attributes).toMatchObject({ roomId: 'serv1-a_B', peerId: 'p1', displayName: 'А <b>' });
	expect(warnings).toEqual([]);
});

// proves U06
test.each(['x'.repeat(70), 'Ada\nLovelace', '\u200b', ' '])('%j is no name, and is reported', (name) => {
	const { attributes, warnings } = parse('call', `?roomId=r&displayName=${encodeURIComponent(name)}`);
	expect(attributes.displayName).toBeNull();
	expect(warnings.join()).toContain('displayName');
	// The same in a token, whose bad value also overrides the one in the address.
	const signed = parse('call', `?roomId=r&displayName=Eve&token=${token({ displayName: name })}`);
	expect(signed.attributes.displayName).toBe(name.trim() ? null : 'Eve');
});

// proves U06
test('a name is shown without characters that reverse it', () =>
	expect(parse('call', '?roomId=r&displayName=%E2%80%AEadA%E2%80%8B').attributes.displayName).toBe('adA'));

// proves U11
test.each(['x'.repeat(129), 'a\nb', ' '])('%j is no peerId: the page makes one', (peerId) => {
	const { attributes, warnings } = parse('call', `?roomId=r&peerId=${encodeURIComponent(peerId)}`);
	expect(attributes.peerId).toMatch(/^[0-9a-f-]{36}$/);
	expect(warnings.join()).toContain('peerId');
	expect(parse('call', `?roomId=r&peerId=${'x'.repeat(128)}`).attributes.peerId).toHaveLength(128);
});

/** An unsigned token: the page only reads what it shows. */
function token(claims: object) {
	const bytes = new TextEncoder().encode(JSON.stringify(claims));
	const payload = btoa(String.fromCharCode(...bytes))
		.replaceAll('+', '-')
		.replaceAll('/', '_')
		.replace(/=+$/, '');
	return `e30.${payload}.c2ln`;
}

test('a token’s claims win over the address', () => {
	const claims = { roomId: 'of-token', peerId: 42, displayName: 'Ада Лавлейс', itisparticipant: true };
	const { attributes, warnings } = parse('webinar', `?peerId=p&displayName=Eve&itisparticipant=false&token=${token(claims)}`);
	expect(attributes).toMatchObject({ roomId: 'of-token', peerId: '42', displayName: 'Ада Лавлейс', speaker: true });
	expect(warnings).toEqual([]);
	// Another room in the address stays: the server refuses it.
	expect(parse('call', `?roomId=other&token=${token(claims)}`).attributes.roomId).toBe('other');
});

test.each(['x', 'a.b', 'a.!!.c', 'a.e30.c', `a.${btoa('[1]')}.c`, `a.${btoa('null')}.c`])(
	'a token that cannot be read says nothing: %s',
	(bad) =>
		expect(parse('call', `?roomId=r&peerId=p&token=${bad}`).attributes).toMatchObject({
			peerId: 'p',
			displayName: null,
			forServer: { token: bad },
		}),
);

test('attributes that the server decides on are passed on unchanged', () => {
	const search = '?roomId=r&role=moderator&tokenLifetime=1000&video=https%3A%2F%2Fv.example%2F&lang=ru&pin=';
	expect(parse('call', search).attributes.forServer).toEqual({
		role: 'moderator',
		tokenLifetime: '1000',
		video: 'https://v.example/',
	});
});

test('a peer without an id gets a fresh GUID', () => {
	const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
	const first = parse('call', '?roomId=r').attributes.peerId;
	expect(first).toMatch(guid);
	expect(parse('call', '?roomId=r').attributes.peerId).not.toBe(first);
});

test('only the languages of the page are accepted', () => {
	const warn = vi.fn<(text: string) => void>();
	expect(parseLanguage('?lang=ru', warn)).toBe('ru');
	expect(parseLanguage('', warn)).toBeNull();
	expect(warn).not.toHaveBeenCalled();
	expect(parseLanguage('?lang=RU', warn)).toBeNull();
	expect(warn).toHaveBeenCalledOnce();
});

// proves U10, U14, U17
test('attributes that decide how the page begins', () => {
	const begins = { nameScreenDisabled: false, startWithFS: false, video: null };
	expect(parse('call', '?roomId=r').attributes).toMatchObject(begins);
	const { attributes, warnings } = parse(
		'call',
		'?roomId=r&nameScreenDisabled=true&startWithFS=1&video=https%3A%2F%2Fplayer.example%2Flive%3Fid%3D1',
	);
	expect(attributes).toMatchObject({
		nameScreenDisabled: true,
		startWithFS: true,
		video: 'https://player.example/live?id=1',
	});
	expect(warnings).toEqual([]);
});

// proves U17
test.each(['http://player.example/', 'javascript:alert(1)', 'player.example', '//player.example/', 'data:text/html,x'])(
	'the player is an https page, not %s',
	(video) => {
		const { attributes, warnings } = parse('call', `?roomId=r&video=${encodeURIComponent(video)}`);
		expect(attributes.video).toBeNull();
		expect(warnings.join()).toContain('video');
	},
);

// proves U02
test('a bad autoplayWithoutAudioTrack is reported, a good one is not', () => {
	expect(parse('webinar', '?roomId=r&autoplayWithoutAudioTrack=true').warnings).toEqual([]);
	expect(parse('webinar', '?roomId=r&autoplayWithoutAudioTrack=y').warnings.join()).toContain('autoplayWithoutAudioTrack');
});
