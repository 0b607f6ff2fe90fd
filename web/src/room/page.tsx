import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { LocalMedia } from '../media/local';
import type { Attributes, RoomKind } from '../page/attributes';
import { guid } from '../page/guid';
import { useStore } from '../ui/store';
import { WelcomePage } from '../welcome/page';
import { installDiagnostics } from './diagnostics';
import { LeftPage, RefusedPage } from './end';
import { Room } from './room';
import { RoomScreen } from './screen';
import { WaitingPage } from './waiting';

type Joinable = Attributes & { roomId: string };

/** A call or a webinar: welcome, the room, and what comes after it. */
export function RoomPage({ attributes }: { attributes: Joinable }) {
	const { kind, roomId, peerId, speaker, codec, displayName, forServer } = attributes;
	const session = useMemo(guid, []);
	const local = useMemo(() => new LocalMedia(), []);
	const [visit, setVisit] = useState<{ room: Room; name: string } | null>(null);

	const current = useRef<Room | null>(null);
	current.current = visit?.room ?? null;
	useEffect(() => {
		installDiagnostics(() => current.current);
		// A closed tab leaves at once, instead of standing frozen in the others' rooms until the server gives it up.
		const leave = () => current.current?.leave();
		addEventListener('pagehide', leave);
		return () => removeEventListener('pagehide', leave);
	}, []);

	const join = (name: string, pin?: string) => {
		const address = { kind, roomId, peerId, session, displayName: name };
		const room = new Room({ ...address, forServer: pin ? { ...forServer, pin } : forServer, codec, local });
		setVisit({ room, name });
	};

	return visit ? (
		<Visit {...visit} kind={kind} local={local} onRejoin={(pin) => join(visit.name, pin)} />
	) : (
		<WelcomePage
			kind={kind}
			roomId={roomId}
			fixedName={displayName}
			local={speaker ? local : null}
			onJoin={join}
		/>
	);
}

interface VisitProps {
	room: Room;
	kind: RoomKind;
	local: LocalMedia;
	onRejoin(pin?: string): void;
}

function Visit({ room, kind, local, onRejoin }: VisitProps) {
	const { phase, refusal, waiting } = useStore(room.state);
	const wanted = useRef({ mic: false, camera: false });

	// Outside of the room no device stays open; coming back opens those that were.
	useEffect(() => {
		if (phase !== 'open') wanted.current = local.release();
	}, [phase, local]);
	const rejoin = (pin?: string) => {
		void local.start(wanted.current);
		onRejoin(pin);
	};

	if (phase === 'left') return <LeftPage onRejoin={rejoin} />;
	if (refusal) return <RefusedPage {...refusal} onRetry={rejoin} />;
	if (waiting) return <WaitingPage room={room} local={local} />;
	return <RoomScreen room={room} kind={kind} devices={local} />;
}
