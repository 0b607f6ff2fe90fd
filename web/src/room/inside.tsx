// Everything that only a visit needs; loaded while people look at the welcome screen.
import { useEffect } from 'preact/hooks';
import { keepAwake } from '../base/wakelock';
import { loadAhead } from '../media/ahead';
import type { Meeting } from '../session/meeting';
import { sayNotice } from '../session/notices';
import { Visit } from '../session/visit';
import { useStore } from '../ui/usestore';
import { LeftPage, RefusedPage } from './end';
import { RoomScreen } from './screen';
import { WaitingPage } from './waiting';
import './room.css';
import '../tiles/tiles.css';

export { loadAhead, Visit, sayNotice };

export function VisitPage({ visit, meeting }: { visit: Visit; meeting: Meeting }) {
	const { phase, refusal, waiting } = useStore(visit.state);
	const { local, screen, attributes } = meeting;
	useEffect(() => (phase === 'open' ? keepAwake() : undefined), [phase]);
	// The page itself reports a failure to load.
	const rejoin = (pin?: string) => void meeting.rejoin(pin).catch(() => {});

	if (phase === 'left') return <LeftPage onRejoin={rejoin} />;
	if (refusal) return <RefusedPage {...refusal} onRetry={rejoin} />;
	if (waiting) return <WaitingPage visit={visit} local={local} roomId={attributes.roomId} />;
	return <RoomScreen visit={visit} kind={attributes.kind} devices={local} screen={screen} video={attributes.video} />;
}
