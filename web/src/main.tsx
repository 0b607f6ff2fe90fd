import { type JSX, render } from 'preact';
import { parseAttributes, parseLanguage } from './address/attributes';
import { startBridge } from './bridge/page/start';
import { CreatePage } from './create/page';
import { language, startI18n } from './i18n';
import { RefusedPage } from './room/end';
import { loadInside } from './room/load';
import { RoomPage } from './room/page';
import { Meeting } from './session/meeting';
import { startView } from './session/view';
import { startTheme } from './ui/theme';
import { useStore } from './ui/usestore';
import './ui/theme.css';
import './create/create.css';
import './welcome/welcome.css';

const warn = (text: string) => console.warn(text);

/** The page that the address leads to. */
function page(): () => JSX.Element {
	// "/call/<room>?…" and "/call/?roomId=<room>&…" are the same; the path's room wins.
	const [, kind, room] = /^\/(call|webinar)(?:\/([\w-]*))?$/.exec(location.pathname) ?? [];
	if (kind !== 'call' && kind !== 'webinar') return () => <CreatePage />;
	const search = room ? `?roomId=${room}&${location.search.slice(1)}` : location.search;
	const { roomId, ...attributes } = parseAttributes(kind, search, warn);
	if (roomId === null) return () => <RefusedPage reason="bad-room-id" />;
	startView(attributes.view);
	const meeting = new Meeting({ ...attributes, roomId }, loadInside);
	startBridge(meeting);
	return () => <RoomPage meeting={meeting} />;
}

const show = page();

function App() {
	// A change of language renders everything again.
	useStore(language);
	return show();
}

await startI18n(parseLanguage(location.search, warn));
startTheme();
render(<App />, document.getElementById('app')!);
