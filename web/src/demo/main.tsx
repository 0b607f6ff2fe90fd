import { render } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Events, Methods } from '../../bridge/index';
import { freshRoomId } from '../create/roomid';
import { language, startI18n } from '../i18n';
import { parseLanguage } from '../page/attributes';
import { guid } from '../page/guid';
import { Button } from '../ui/button';
import { LanguageSwitch } from '../ui/language';
import { Logo } from '../ui/logo';
import { useStore } from '../ui/store';
import { startTheme } from '../ui/theme';
import { EVENTS, METHODS } from './catalogue';
import { Method } from './method';
import { attach, clearLog, demo, load, type LogEntry } from './session';
import { type Group, say, TEXTS } from './texts';
import '../ui/theme.css';
import '../ui/card.css';
import './demo.css';

const ALLOW = 'camera; microphone; fullscreen; display-capture; autoplay; screen-wake-lock';
const GROUPS = Object.keys(TEXTS.groups) as Group[];

interface Address {
	kind: 'call' | 'webinar';
	roomId: string;
	name: string;
	/** As they stand in a URL. */
	more: string;
}

function urlOf({ kind, roomId, name, more }: Address, peerId: string): string {
	const query = new URLSearchParams(more);
	query.set('roomId', roomId);
	query.set('peerId', peerId);
	if (name) query.set('displayName', name);
	if (kind === 'webinar') query.set('itisparticipant', 'true');
	return `${location.origin}/${kind}/?${query.toString().replaceAll('+', '%20')}`;
}

function App({ roomId }: { roomId: string }) {
	const { language: current } = useStore(language);
	const { src } = useStore(demo);
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
				<section class="demo-room">
					<div class="demo-title">
						<h1>{say(TEXTS.title)}</h1>
						<p class="lead">{say(TEXTS.lead)}</p>
					</div>
					<Settings roomId={roomId} />
					{src && <Frame key={src} src={src} />}
					<details class="demo-embed">
						<summary>{say(TEXTS.embed)}</summary>
						<pre class="code">{embedding(src ?? '')}</pre>
					</details>
				</section>
				<MethodList />
				<section class="demo-events">
					<Log />
					<EventList />
				</section>
			</main>
		</div>
	);
}

function Settings({ roomId }: { roomId: string }) {
	const [address, setAddress] = useState<Address>({ kind: 'call', roomId, name: 'Ada', more: 'nameScreenDisabled=true' });
	const set = (patch: Partial<Address>) => setAddress({ ...address, ...patch });
	return (
		<form
			class="demo-settings"
			onSubmit={(event) => {
				event.preventDefault();
				load(urlOf(address, guid()));
			}}
		>
			<label>
				<span class="label">{say(TEXTS.room)}</span>
				<input
					class="field"
					data-testid="room-input"
					required
					pattern="[A-Za-z0-9_\-]{1,64}"
					value={address.roomId}
					onInput={({ currentTarget }) => set({ roomId: currentTarget.value })}
				/>
			</label>
			<label>
				<span class="label">{say(TEXTS.kind)}</span>
				<select
					class="field"
					value={address.kind}
					onChange={({ currentTarget }) => set({ kind: currentTarget.value as Address['kind'] })}
				>
					<option value="call">{say(TEXTS.call)}</option>
					<option value="webinar">{say(TEXTS.webinar)}</option>
				</select>
			</label>
			<label>
				<span class="label">{say(TEXTS.name)}</span>
				<input class="field" value={address.name} onInput={({ currentTarget }) => set({ name: currentTarget.value })} />
			</label>
			<label class="wide">
				<span class="label">{say(TEXTS.attributes)}</span>
				<input
					class="field"
					data-testid="attributes-input"
					spellcheck={false}
					value={address.more}
					onInput={({ currentTarget }) => set({ more: currentTarget.value })}
				/>
			</label>
			<div class="actions">
				<Button submit look="primary" data-testid="load-button">
					{say(TEXTS.load)}
				</Button>
				<a class="button" target="_blank" rel="noreferrer" href={urlOf({ ...address, name: '', more: '' }, guid())}>
					{say(TEXTS.another)}
				</a>
			</div>
		</form>
	);
}

function Frame({ src }: { src: string }) {
	const element = useRef<HTMLIFrameElement>(null);
	useLayoutEffect(() => attach(element.current!), []);
	return <iframe ref={element} class="demo-frame" title={say(TEXTS.room)} allow={ALLOW} src={src} />;
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
	return (
		<section class="demo-methods">
			<h2>{say(TEXTS.methods)}</h2>
			{GROUPS.filter((group) => names.some((name) => METHODS[name].group === group)).map((group) => (
				<details key={group} open={group === 'join' || group === 'devices'} data-testid={`group-${group}`}>
					<summary>{say(TEXTS.groups[group])}</summary>
					{names.filter((name) => METHODS[name].group === group).map((name) => <Method key={name} name={name} />)}
				</details>
			))}
		</section>
	);
}

function Log() {
	const { log } = useStore(demo);
	return (
		<div class="log">
			<div class="log-head">
				<h2>{say(TEXTS.log)}</h2>
				<Button small onClick={clearLog}>
					{say(TEXTS.clear)}
				</Button>
			</div>
			<div class="log-lines" role="log" tabIndex={0} aria-label={say(TEXTS.log)}>
				<ol data-testid="log">
					{log.length === 0 && <li class="hint">{say(TEXTS.nothing)}</li>}
					{log.map((entry) => (
						<Line key={entry.id} entry={entry} />
					))}
				</ol>
			</div>
		</div>
	);
}

const MARKS = { event: '●', call: '→', answer: '←' };

function Line({ entry: { at, kind, name, data } }: { entry: LogEntry }) {
	const text = data === undefined ? '' : JSON.stringify(data);
	return (
		<li class={`log-line log-${kind}`} data-name={name} data-kind={kind}>
			<time>{at.toLocaleTimeString('en-GB')}</time>
			<span aria-hidden="true">{MARKS[kind]}</span>
			<code>
				<b>{name}</b> {text.length > 160 ? `${text.slice(0, 160)}…` : text}
			</code>
		</li>
	);
}

function EventList() {
	const { counts } = useStore(demo);
	return (
		<div>
			<h2>{say(TEXTS.events)}</h2>
			<ul class="event-list">
				{(Object.keys(EVENTS) as (keyof Events)[]).map((name) => (
					<li key={name} class={counts[name] ? 'event seen' : 'event'} data-testid={`event-${name}`} data-count={counts[name] ?? 0}>
						<code>
							<b>{name}</b> {`{ ${EVENTS[name].data} }`}
						</code>
						<p class="hint">{say(EVENTS[name].text)}</p>
						{counts[name] && <span class="event-count">{`${counts[name]} ×`}</span>}
					</li>
				))}
			</ul>
		</div>
	);
}

startTheme();
await startI18n(parseLanguage(location.search, (text) => console.warn(text)));
const roomId = new URLSearchParams(location.search).get('roomId') ?? (await freshRoomId());
render(<App roomId={roomId} />, document.getElementById('app')!);
