import { SendHorizontal } from 'lucide';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { type Chat, type ChatLine, TEXT_MAX } from '../chat/chat';
import { linkify } from '../chat/links';
import { clockTime, moment, t } from '../i18n';
import { Record } from '../recording/icon';
import { IconButton } from '../ui/button';
import { Icon } from '../ui/icon';
import { Panel } from '../ui/panel';
import { useStore } from '../ui/usestore';
import './chat.css';

/** From this length on, the number of characters left is shown. */
const NEARLY_FULL = TEXT_MAX - 200;
/** Consecutive lines of one person within this time are shown under one name. */
const TOGETHER_MS = 120_000;
/** This close to the end, the list follows new messages. */
const FOLLOW_PX = 60;

interface ChatPanelProps {
	chat: Chat;
	/** What people write goes into a recording. */
	recorded: boolean;
	onClose(): void;
}

export function ChatPanel({ chat, recorded, onClose }: ChatPanelProps) {
	const { lines } = useStore(chat.state);
	useEffect(() => {
		chat.show(true);
		return () => chat.show(false);
	}, [chat]);

	return (
		<Panel
			title={t('chat.title')}
			closeLabel={t('chat.close')}
			testId="chat-panel"
			onClose={onClose}
			foot={
				<>
					{recorded && (
						<p class="chat-recorded hint" data-testid="chat-recorded">
							<Icon of={Record} />
							{t('recording.chat')}
						</p>
					)}
					<Composer chat={chat} />
				</>
			}
		>
			<Lines lines={lines} chat={chat} />
		</Panel>
	);
}

function Lines({ lines, chat }: { lines: ChatLine[]; chat: Chat }) {
	const log = useRef<HTMLDivElement>(null);
	const following = useRef(true);

	useEffect(() => {
		// The panel's body scrolls, not the list.
		const body = log.current!.parentElement!;
		const scrolled = () => {
			following.current = body.scrollHeight - body.scrollTop - body.clientHeight < FOLLOW_PX;
		};
		body.addEventListener('scroll', scrolled);
		return () => body.removeEventListener('scroll', scrolled);
	}, []);

	const last = lines.at(-1);
	useLayoutEffect(() => {
		const body = log.current!.parentElement!;
		if (following.current || last?.state === 'sending') body.scrollTop = body.scrollHeight;
	}, [last?.key, last?.state]);

	return (
		<div ref={log} class="chat-log" role="log" aria-label={t('chat.messages')} data-testid="chat-log">
			{lines.length === 0 ? (
				<p class="chat-empty hint" data-testid="chat-empty">
					{t('chat.empty')}
				</p>
			) : (
				<ol class="chat-lines">
					{lines.map((line, index) => (
						<Line key={line.key} line={line} joined={isTogether(lines[index - 1], line)} chat={chat} />
					))}
				</ol>
			)}
		</div>
	);
}

function isTogether(before: ChatLine | undefined, line: ChatLine): boolean {
	return (
		before !== undefined &&
		before.mine === line.mine &&
		before.name === line.name &&
		before.moderator === line.moderator &&
		line.time - before.time < TOGETHER_MS
	);
}

function Line({ line, joined, chat }: { line: ChatLine; joined: boolean; chat: Chat }) {
	const { key, mine, name, moderator, time, text, state } = line;
	return (
		<li class="chat-line" data-testid="chat-line" data-mine={String(mine)} data-state={state} data-joined={String(joined)}>
			<p class={joined ? 'chat-head unseen' : 'chat-head'}>
				<span class="chat-name" data-testid="chat-name">
					{mine ? t('chat.you') : name || t('room.guest')}
				</span>
				{moderator && <span class="chat-role">{t('people.moderator')}</span>}
				<time class="chat-time" dateTime={new Date(time).toISOString()} title={moment(time)}>
					{clockTime(time)}
				</time>
			</p>
			<p class="chat-text" data-testid="chat-text" dir="auto">
				{linkify(text).map(({ text: piece, href }, index) =>
					href ? (
						<a key={index} href={href} target="_blank" rel="noopener noreferrer nofollow">
							{piece}
						</a>
					) : (
						piece
					),
				)}
			</p>
			{state === 'failed' && (
				<p class="chat-failed" role="alert">
					{t('chat.failed')}{' '}
					<button type="button" class="chat-retry" data-testid="chat-retry" onClick={() => chat.retry(key)}>
						{t('chat.retry')}
					</button>
				</p>
			)}
		</li>
	);
}

function Composer({ chat }: { chat: Chat }) {
	const [text, setText] = useState('');
	const input = useRef<HTMLTextAreaElement>(null);
	const empty = text.trim() === '';

	// Not on a phone, whose keyboard would cover the messages.
	useEffect(() => {
		if (matchMedia('(pointer: fine)').matches) input.current!.focus({ preventScroll: true });
	}, []);
	// As many rows as the text needs; the style sets the maximum.
	useLayoutEffect(() => {
		const area = input.current!;
		area.style.height = 'auto';
		area.style.height = `${area.scrollHeight + 2}px`;
	}, [text]);

	const submit = () => {
		if (empty) return;
		chat.send(text.trim());
		setText('');
		input.current?.focus();
	};

	return (
		<form
			class="chat-composer"
			onSubmit={(event) => {
				event.preventDefault();
				submit();
			}}
		>
			<textarea
				ref={input}
				class="field chat-input"
				data-testid="chat-input"
				rows={1}
				value={text}
				maxLength={TEXT_MAX}
				aria-label={t('chat.write')}
				placeholder={t('chat.write')}
				enterkeyhint="send"
				onInput={(event) => {
					chat.prepare();
					setText(event.currentTarget.value);
				}}
				onKeyDown={(event) => {
					// While a word is being composed, Enter ends the composition.
					if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
					event.preventDefault();
					submit();
				}}
			/>
			<IconButton
				icon={SendHorizontal}
				class="chat-send"
				label={t('chat.send')}
				disabled={empty}
				data-testid="chat-send"
				onClick={submit}
			/>
			{text.length >= NEARLY_FULL && (
				<p class="chat-left hint" role="status" data-testid="chat-left">
					{t('chat.left', { number: TEXT_MAX - text.length })}
				</p>
			)}
		</form>
	);
}
