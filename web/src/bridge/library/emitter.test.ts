import { expect, test, vi } from 'vitest';
import { Emitter } from './emitter';

test('handlers are called in order, once() once, and not after off()', () => {
	const events = new Emitter([]);
	const seen: string[] = [];
	const first = (data: unknown) => void seen.push(`first ${data}`);
	const second = (data: unknown) => void seen.push(`second ${data}`);
	events.on('x', first, true);
	events.on('x', second);
	events.emit('x', 1);
	events.emit('x', 2);
	events.off('x', second);
	events.emit('x', 3);
	expect(seen).toEqual(['first 1', 'second 1', 'second 2']);
});

test('a handler may remove another one during an event', () => {
	const events = new Emitter([]);
	const other = vi.fn();
	events.on('x', () => events.off('x'));
	events.on('x', other);
	events.emit('x', 1);
	events.emit('x', 2);
	expect(other).toHaveBeenCalledTimes(1);
});

test('a state reaches later listeners until it no longer holds', async () => {
	const events = new Emitter(['ready']);
	const late = vi.fn();
	const tooLate = vi.fn();
	const gone = vi.fn();
	events.emit('ready', 1);
	events.on('ready', late, true);
	events.on('ready', gone);
	events.off('ready', gone);
	await Promise.resolve();
	expect(late.mock.calls).toEqual([[1]]);
	expect(gone).not.toHaveBeenCalled();
	events.forget();
	events.on('ready', tooLate);
	await Promise.resolve();
	expect(tooLate).not.toHaveBeenCalled();
});

test('an exception in a handler is reported, and the others are still called', () => {
	const report = vi.fn();
	vi.stubGlobal('reportError', report);
	const events = new Emitter([]);
	const other = vi.fn();
	const mistake = new Error('of the embedding page');
	events.on('x', () => {
		throw mistake;
	});
	events.on('x', other);
	events.emit('x', 1);
	expect(other).toHaveBeenCalled();
	expect(report.mock.calls).toEqual([[mistake]]);
	vi.unstubAllGlobals();
});
