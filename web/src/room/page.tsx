import { useEffect } from 'preact/hooks';
import { enterFullscreenAtFirstGesture } from '../base/fullscreen';
import { installDiagnostics } from '../session/diagnostics';
import type { Meeting } from '../session/meeting';
import { GestureOverlay } from '../ui/gestureoverlay';
import { useStore } from '../ui/usestore';
import { WelcomePage } from '../welcome/page';
import { AwaitingPage } from './awaiting';
import { inside } from './load';

/** A call or a webinar: the welcome screen, the room, and the end. */
export function RoomPage({ meeting }: { meeting: Meeting }) {
	const { visit } = useStore(meeting.state);
	const { nameScreenDisabled, startWithFS } = meeting.attributes;

	useEffect(() => {
		installDiagnostics(() => meeting.state.value.visit);
		// A closed tab leaves at once; otherwise it would stay on the others' screens, frozen, until the server gives it up.
		const leave = () => meeting.leave();
		addEventListener('pagehide', leave);
		return () => removeEventListener('pagehide', leave);
	}, [meeting]);
	useEffect(() => (startWithFS ? enterFullscreenAtFirstGesture() : undefined), [startWithFS]);
	// Loads the room while people look at the welcome screen.
	useEffect(() => void meeting.preload().catch(() => {}), [meeting]);

	return (
		<>
			{visit && inside ? (
				<inside.VisitPage visit={visit} meeting={meeting} />
			) : nameScreenDisabled ? (
				<AwaitingPage meeting={meeting} />
			) : (
				<WelcomePage meeting={meeting} />
			)}
			<GestureOverlay />
		</>
	);
}
