import { expect, test } from 'vitest';
import { en } from '../i18n/en';
import { ru } from '../i18n/ru';
import { bannerOf, troubleOf } from './trouble';

const well = { link: 'connected', path: 'open', missing: false } as const;

test('missing media is shown until it arrives', () => {
	expect(bannerOf(well)).toBe(null);
	expect(bannerOf({ ...well, missing: true })).toBe('missing');
	expect(en['status.missing']).toContain('The server is full');
	expect(ru['status.missing']).toContain('не хватает места');
});

test('a broken connection is shown first', () => {
	expect(bannerOf({ ...well, link: 'reconnecting', missing: true })).toBe('reconnecting');
	expect(bannerOf({ ...well, path: 'blocked', missing: true })).toBe('media-blocked');
	expect(bannerOf({ ...well, path: 'lost', missing: true })).toBe('reconnecting');
});

test('lost media is told apart from a broken connection', () => {
	expect(troubleOf({ link: 'connected', path: 'lost' })).toBe('media-lost');
	expect(troubleOf({ link: 'reconnecting', path: 'lost' })).toBe('reconnecting');
});
