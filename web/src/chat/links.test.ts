import { expect, test } from 'vitest';
import { linkify } from './links';

const links = (text: string) =>
	linkify(text)
		.filter(({ href }) => href)
		.map(({ text }) => text);

test.each([
	['see https://example.com/a?b=c#d now', 'https://example.com/a?b=c#d'],
	['(https://example.com/a)', 'https://example.com/a'],
	['https://example.com/a_(b)', 'https://example.com/a_(b)'],
	['Look: http://example.com.', 'http://example.com'],
	['https://example.com/!?', 'https://example.com/'],
	['HTTPS://EXAMPLE.COM/x', 'HTTPS://EXAMPLE.COM/x'],
	['https://пример.рф/путь, и', 'https://пример.рф/путь'],
])('%s has a link', (text, link) => {
	expect(links(text)).toEqual([link]);
	expect(
		linkify(text)
			.map(({ text }) => text)
			.join(''),
	).toBe(text);
});

test.each([
	'no link',
	'',
	'javascript:alert(1)',
	'data:text/html,<script>alert(1)</script>',
	'ftp://example.com',
	'https://',
	'http://[',
	'xhttps://example.com',
	'https://example.com@evil.example/',
	'https://user:word@evil.example/',
	'www.example.com',
])('%s has none', (text) => {
	expect(linkify(text)).toEqual([{ text }]);
});

test('several links keep the text between them', () => {
	expect(linkify('a https://one.example, https://two.example b')).toEqual([
		{ text: 'a ' },
		{ text: 'https://one.example', href: 'https://one.example/' },
		{ text: ', ' },
		{ text: 'https://two.example', href: 'https://two.example/' },
		{ text: ' b' },
	]);
});

test('markup stays text, and ends an address', () => {
	expect(linkify('https://x.example/"><img src=x onerror=alert(1)>')).toEqual([
		{ text: 'https://x.example/', href: 'https://x.example/' },
		{ text: '"><img src=x onerror=alert(1)>' },
	]);
});
