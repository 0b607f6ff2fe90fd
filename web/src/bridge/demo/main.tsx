import { render } from 'preact';
import { useEffect } from 'preact/hooks';
import { parseLanguage } from '../../address/attributes';
import { freshRoomId } from '../../address/roomid';
import { language, startI18n } from '../../i18n';
import { LanguageSwitch } from '../../ui/language';
import { Logo } from '../../ui/logo';
import { startTheme } from '../../ui/theme';
import { useStore } from '../../ui/usestore';
import type { Events, Methods } from '../package/index';
import { type Address, enter, Settings } from './address';
import { EVENTS, METHODS } from './catalogue';
import { ALLOW, Live } from './live';
import { Method } from './method';
import { demo } from './session';
import { type Group, say, TEXTS } from './texts';
import '../../ui/theme.css';
import '../../ui/card.css';
import './demo.css';

const GROUPS = Object.keys(TEXTS.groups) as Group[];

function App({ initial }: { initial: Address }) {
	const { language: current } = useStore(language);
	const title = say(TEXTS.title);
	useEffect(() => {
		document.title = `Amphi: ${title}`;
	}, [title]);
	return (
		<div class="demo" lang={current}>
			<header class="demo-head">
				<a class="brand" href="/new">
					<Logo />
					Amphi
				</a>
				<LanguageSwitch />
			</header>
			<main class="demo-body">
				<section class="demo-intro">
					<div>
						<h1>{title}</h1>
						<p class="lead">{say(TEXTS.lead)}</p>
					</div>
					<Settings initial={initial} />
				</section>
				<Live />
				<MethodList />
				<EventList />
			</main>
		</div>
	);
}

function embedding(src: string): string {
	return `<iframe id="room" allow="${ALLOW}"
	src="${src}"></iframe>
<script src="${location.origin}/meetBridgeApi.js"></script>
<script>
	const bridge = new MeetIframeBridge.default({
		element: document.getElementById('room'),
		roomId: '${/roomId=([\w-]+)/.exec(src)?.[1] ?? ''}',
	});
	bridge.on('newPeer', ({ peerId, displayName }) => console.log(displayName));
	bridge.method({ name: 'join', data: { constraints: { audio: true, video: true } }, callback: console.log });
</script>`;
}

function MethodList() {
	const names = Object.keys(METHODS) as (keyof Methods)[];
	const { src } = useStore(demo);
	return (
		<section class="demo-methods">
			<details data-testid="embed">
				<summary>{say(TEXTS.embed)}</summary>
				<pre class="code">{embedding(src)}</pre>
			</details>
			<h2>{say(TEXTS.methods)}</h2>
			{GROUPS.filter((group) => names.some((name) => METHODS[name].group === group)).map((group) => (
				<details key={group} open={group === 'join' || group === 'devices'} data-testid={`group-${group}`}>
					<summary>{say(TEXTS.groups[group])}</summary>
					{names
						.filter((name) => METHODS[name].group === group)
						.map((name) => (
							<Method key={name} name={name} />
						))}
				</details>
			))}
		</section>
	);
}

function EventList() {
	const { counts } = useStore(demo);
	return (
		<section class="demo-events" tabIndex={0} aria-label={say(TEXTS.events)}>
			<h2>{say(TEXTS.events)}</h2>
			<ul class="event-list">
				{(Object.keys(EVENTS) as (keyof Events)[]).map((name) => (
					<li
						key={name}
						class={counts[name] ? 'event seen' : 'event'}
						data-testid={`event-${name}`}
						data-count={counts[name] ?? 0}
					>
						<code>
							<b>{name}</b> {`{ ${EVENTS[name].data} }`}
						</code>
						<p class="hint">{say(EVENTS[name].text)}</p>
						{counts[name] && <span class="event-count">{`${counts[name]} ×`}</span>}
					</li>
				))}
			</ul>
		</section>
	);
}

startTheme();
await startI18n(parseLanguage(location.search, (text) => console.warn(text)));
const roomId = new URLSearchParams(location.search).get('roomId') ?? (await freshRoomId());
const initial: Address = { kind: 'call', roomId, name: 'Ada', more: 'nameScreenDisabled=true' };
enter(initial);
render(<App initial={initial} />, document.getElementById('app')!);
