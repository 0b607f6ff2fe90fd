import { useEffect } from 'preact/hooks';
import { enterFullscreenAtFirstGesture } from '../base/fullscreen';
import { installDiagnostics } from '../session/diagnostics';
import type { Meeting } from '../session/meeting';
import { GestureOverlay } from '../ui/gestureoverlay';
import { useStore } from '../ui/usestore';
import { WelcomePage } from '../welcome/page';
import { AwaitingPage } from './awaiting';
import { inside } from './load';

/** A call or a webinar: welcome, the room, and what comes after it. */
export function RoomPage({ meeting }: { meeting: Meeting }) {
	const { room } = useStore(meeting.state);
	const { nameScreenDisabled, startWithFS } = meeting.attributes;

	useEffect(() => {
		installDiagnostics(() => meeting.state.value.room);
		// A closed tab leaves at once, instead of standing frozen in the others' rooms until the server gives it up.
		const leave = () => meeting.leave();
		addEventListener('pagehide', leave);
		return () => removeEventListener('pagehide', leave);
	}, [meeting]);
	useEffect(() => (startWithFS ? enterFullscreenAtFirstGesture() : undefined), [startWithFS]);
	// While people look at the welcome screen the room is fetched.
	useEffect(() => void meeting.preload().catch(() => {}), [meeting]);

	return (
		<>
			{room && inside ? (
				<inside.Visit room={room} meeting={meeting} />
			) : nameScreenDisabled ? (
				<AwaitingPage meeting={meeting} />
			) : (
				<WelcomePage meeting={meeting} />
			)}
			<GestureOverlay />
		</>
	);
}
