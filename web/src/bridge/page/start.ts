import type { Meeting } from '../../session/meeting';
import { answer } from './answer';
import { eventsBetween } from './events';
import { Links, type Link } from './link';
import { methods } from './methods';
import { NOTHING, type Snapshot } from './snapshot';
import { snapshot, watch } from './watch';

/** Lets the embedding page control the meeting, and tells it what happens. */
export function startBridge(meeting: Meeting) {
	/** What each bridge has been told. */
	const told = new Map<Link, Snapshot>();
	const tell = (link: Link) => {
		const was = told.get(link)!;
		const now = snapshot(meeting);
		told.set(link, now);
		for (const { name, data } of eventsBetween(was, now)) link.send({ type: 'event', name, data });
	};
	const emit = (name: 'errorGetPin', data: { peerId: string }) => {
		for (const link of told.keys()) link.send({ type: 'event', name, data });
	};
	const table = methods(meeting, emit);

	new Links(meeting.attributes.roomId, {
		opened(link) {
			meeting.driven();
			told.set(link, NOTHING);
			const { peerId, displayName } = snapshot(meeting);
			link.send({ type: 'event', name: 'ready', data: { peerId, displayName } });
			tell(link);
		},
		closed: (link) => void told.delete(link),
		call: (link, id, name, data) =>
			void answer(table, name, data).then((outcome) => link.send({ type: 'result', id, ...outcome })),
	});
	watch(meeting, () => {
		for (const link of told.keys()) tell(link);
	});
}
