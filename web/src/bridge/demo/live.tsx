import { useLayoutEffect, useRef } from 'preact/hooks';
import { Button } from '../../ui/button';
import { useStore } from '../../ui/usestore';
import { literal } from './literal';
import { attach, clearLog, demo, type LogEntry } from './session';
import { say, TEXTS } from './texts';

export const ALLOW = 'camera; microphone; fullscreen; display-capture; autoplay; screen-wake-lock';

/** The room, and below it all messages over the bridge. */
export function Live() {
	const { src } = useStore(demo);
	return (
		<section class="demo-live" aria-label={say(TEXTS.room)}>
			<Frame key={src} src={src} />
			<Log />
		</section>
	);
}

function Frame({ src }: { src: string }) {
	const element = useRef<HTMLIFrameElement>(null);
	useLayoutEffect(() => attach(element.current!), []);
	return <iframe ref={element} class="demo-frame" title={say(TEXTS.room)} allow={ALLOW} src={src} />;
}

function Log() {
	const { log } = useStore(demo);
	return (
		<div class="log">
			<div class="log-head">
				<h2>{say(TEXTS.log)}</h2>
				<Button small onClick={clearLog} data-testid="clear-log">
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
	return (
		<li class={`log-line log-${kind}`} data-name={name} data-kind={kind}>
			<time>{at.toLocaleTimeString('en-GB')}</time>
			<span aria-hidden="true">{MARKS[kind]}</span>
			<code>
				<b>{name}</b> {data === undefined ? '' : literal(data)}
			</code>
		</li>
	);
}
