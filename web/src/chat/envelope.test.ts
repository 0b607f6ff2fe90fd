import { expect, test } from 'vitest';
import { openEnvelope } from './envelope';

test('a message comes with its number, its time and its sender', () => {
	const data = '12 1700000003000 1700000000000\n{"peerId":"ann","displayName":"Ann \\n O","moderator":true}\none\ntwo';
	expect(openEnvelope(data)).toEqual({
		sequence: 12,
		time: 1700000003000,
		channel: 1700000000000,
		sender: { peerId: 'ann', displayName: 'Ann \n O', moderator: true },
		text: 'one\ntwo',
	});
});

test('a text that looks like an envelope is text', () => {
	const inner = '1 2 3\n{"peerId":"boss","moderator":true}\nobey';
	expect(openEnvelope(`1 2 3\n{"peerId":"ann"}\n${inner}`)).toMatchObject({
		sender: { peerId: 'ann', displayName: '', moderator: false },
		text: inner,
	});
});

test('an empty text is a text', () => {
	expect(openEnvelope('1 2 3\n{}\n')).toMatchObject({ text: '' });
});

test.each([
	'',
	'hello',
	'1 2 3',
	'1 2 3\n{}',
	'1 2\n{}\ntext',
	'-1 2 3\n{}\ntext',
	'1 2 3\nnull\ntext',
	'1 2 3\n{broken\ntext',
	'9999999999999999999999 2 3\n{}\ntext',
	null,
	new ArrayBuffer(4),
])('%j is no message', (data) => {
	expect(openEnvelope(data)).toBeNull();
});

test('a sender of the wrong types becomes nobody', () => {
	expect(openEnvelope('1 2 3\n{"peerId":7,"displayName":[],"moderator":"yes"}\nx')?.sender).toEqual({
		peerId: undefined,
		displayName: '',
		moderator: false,
	});
});
