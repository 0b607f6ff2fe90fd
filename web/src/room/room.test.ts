import { expect, test, vi } from 'vitest';
import type { ConnectionEvents } from '../signaling/connection';
import { Room, type RoomOptions } from './room';

let events: ConnectionEvents;

vi.mock('../signaling/connection', () => ({
	Connection: class {
		constructor(_url: string, given: ConnectionEvents) {
			events = given;
		}
		request() {
			return new Promise(() => {});
		}
		close() {}
	},
}));
vi.stubGlobal('location', { protocol: 'https:', host: 'meet.example', pathname: '/call/r', search: '' });

test('what is missing is known until it comes, and forgotten with the connection that said it', () => {
	const room = new Room({
		kind: 'call',
		roomId: 'r',
		peerId: 'p',
		session: 's',
		displayName: 'P',
		forServer: {},
	} as RoomOptions);
	const missing = () => room.state.value.missing;
	const say = (value: boolean) => events.notifications.consumersMissing?.({ missing: value });

	expect(missing()).toBe(false);
	say(true);
	expect(missing()).toBe(true);
	say(false);
	expect(missing()).toBe(false);

	say(true);
	const rights = { speaker: false, moderator: false, canRecord: false, chat: false, hand: false };
	events.notifications.admitted?.({ ...rights, peerId: 'p', nameIsFixed: false, room: { waitingRoom: false } });
	expect(missing()).toBe(false);
});
