import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { LocalMedia } from '../media/local';
import type { Attributes } from '../page/attributes';
import { guid } from '../page/guid';
import { useStore } from '../ui/store';
import { WelcomePage } from '../welcome/page';
import { installDiagnostics } from './diagnostics';
import { LeftPage, RefusedPage } from './end';
import { Room } from './room';
import { RoomScreen } from './screen';

type Joinable = Attributes & { roomId: string };

/** A call or a webinar: welcome, the room, and what comes after it. */
export function RoomPage({ attributes }: { attributes: Joinable }) {
	const { kind, roomId, peerId, speaker, codec, displayName } = attributes;
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

	const join = (name: string) => {
		const room = new Room({ kind, roomId, peerId, session, speaker, codec, local, displayName: name });
		setVisit({ room, name });
	};

	return visit ? (
		<Visit {...visit} attributes={attributes} local={speaker ? local : null} onRejoin={() => join(visit.name)} />
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
	name: string;
	attributes: Joinable;
	local: LocalMedia | null;
	onRejoin(): void;
}

function Visit({ room, name, attributes, local, onRejoin }: VisitProps) {
	const { phase, refusal } = useStore(room.state);
	const wanted = useRef({ mic: false, camera: false });

	// Outside of the room no device stays open; coming back opens those that were.
	useEffect(() => {
		if (phase !== 'open' && local) wanted.current = local.release();
	}, [phase, local]);
	const rejoin = () => {
		if (local) void local.start(wanted.current);
		onRejoin();
	};

	if (phase === 'left') return <LeftPage onRejoin={rejoin} />;
	if (refusal) return <RefusedPage {...refusal} onRetry={rejoin} />;
	return (
		<RoomScreen
			room={room}
			kind={attributes.kind}
			peerId={attributes.peerId}
			name={name}
			local={local}
			onLeave={() => room.leave()}
		/>
	);
}
