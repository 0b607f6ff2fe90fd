import { useEffect, useRef } from 'preact/hooks';
import { useStore } from '../ui/store';
import { WelcomePage } from '../welcome/page';
import { installDiagnostics } from './diagnostics';
import { LeftPage, RefusedPage } from './end';
import type { Meeting } from './meeting';
import type { Room } from './room';
import { RoomScreen } from './screen';
import { WaitingPage } from './waiting';

/** A call or a webinar: welcome, the room, and what comes after it. */
export function RoomPage({ meeting }: { meeting: Meeting }) {
	const { room } = useStore(meeting.state);
	const { kind, roomId, displayName, speaker } = meeting.attributes;

	useEffect(() => {
		installDiagnostics(() => meeting.state.value.room);
		// A closed tab leaves at once, instead of standing frozen in the others' rooms until the server gives it up.
		const leave = () => meeting.leave();
		addEventListener('pagehide', leave);
		return () => removeEventListener('pagehide', leave);
	}, [meeting]);

	return room ? (
		<Visit room={room} meeting={meeting} />
	) : (
		<WelcomePage
			kind={kind}
			roomId={roomId}
			fixedName={displayName}
			local={speaker ? meeting.local : null}
			onJoin={(name) => meeting.join(name)}
		/>
	);
}

function Visit({ room, meeting }: { room: Room; meeting: Meeting }) {
	const { phase, refusal, waiting } = useStore(room.state);
	const { local, screen, attributes } = meeting;
	const wanted = useRef({ mic: false, camera: false });

	// Outside of the room no device stays open; coming back opens those that were.
	useEffect(() => {
		if (phase === 'open') return;
		wanted.current = local.release();
		screen.stop();
	}, [phase, local]);
	const rejoin = (pin?: string) => {
		void local.start(wanted.current);
		meeting.join(meeting.state.value.name, pin);
	};

	if (phase === 'left') return <LeftPage onRejoin={rejoin} />;
	if (refusal) return <RefusedPage {...refusal} onRetry={rejoin} />;
	if (waiting) return <WaitingPage room={room} local={local} />;
	return <RoomScreen room={room} kind={attributes.kind} devices={local} screen={screen} />;
}
