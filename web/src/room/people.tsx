import { Check, LogOut, MessageSquareOff, Mic, MicOff, Speech, Video, VideoOff, X } from 'lucide';
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { t } from '../i18n';
import type { RoomKind } from '../page/attributes';
import { Icon } from '../ui/icon';
import { useStore } from '../ui/store';
import type { RemotePeer, Room } from './room';

interface PanelProps {
	room: Room;
	kind: RoomKind;
	onClose(): void;
}

/** What a moderator sees of the others, and may do. The server checks all of it. */
export function PeoplePanel({ room, kind, onClose }: PanelProps) {
	const { peers, viewers, waitingPeers } = useStore(room.state);
	const [failed, setFailed] = useState(false);
	const run = (work: Promise<void>) => {
		setFailed(false);
		// Somebody may have left in the same moment.
		work.catch(() => setFailed(true));
	};

	return (
		<aside class="people" data-testid="people-panel" aria-label={t('people.title')}>
			<header class="people-head">
				<h2>{t('people.title')}</h2>
				<button
					type="button"
					class="plain-button"
					data-testid="people-close"
					aria-label={t('people.close')}
					title={t('people.close')}
					onClick={onClose}
				>
					<Icon of={X} />
				</button>
			</header>
			<div class="people-lists">
				{failed && (
					<p class="error" role="alert" data-testid="people-failed">
						{t('people.failed')}
					</p>
				)}
				{waitingPeers.length > 0 && (
					<Section title={t('people.waiting', { number: waitingPeers.length })}>
						<div class="people-all">
							<button
								type="button"
								class="button small primary"
								data-testid="admit-all"
								onClick={() => run(room.moderateRoom('admitAll'))}
							>
								{t('people.admitAll')}
							</button>
							<Confirm
								label={t('people.declineAll')}
								testId="decline-all"
								onConfirm={() => run(room.moderateRoom('declineAll'))}
							/>
						</div>
						<ul>
							{waitingPeers.map(({ id, displayName }) => (
								<li key={id} class="person" data-testid="waiting-peer" data-peer-id={id}>
									<span class="person-name">{displayName || t('people.nameless')}</span>
									<Action
										label={t('people.admit', { name: displayName })}
										testId="admit"
										onClick={() => run(room.moderatePeer('admitPeer', id))}
									>
										<Icon of={Check} />
									</Action>
									<Action
										label={t('people.decline', { name: displayName })}
										testId="decline"
										onClick={() => run(room.moderatePeer('declinePeer', id))}
									>
										<Icon of={X} />
									</Action>
								</li>
							))}
						</ul>
					</Section>
				)}
				<Section title={t(kind === 'call' ? 'people.others' : 'people.speakers', { number: peers.length })}>
					{peers.length > 0 && (
						<div class="people-all">
							<button
								type="button"
								class="button small"
								data-testid="mute-all"
								onClick={() => run(room.muteAll('audio'))}
							>
								<Icon of={MicOff} />
								{t('people.muteAll')}
							</button>
							<button
								type="button"
								class="button small"
								data-testid="cameras-off"
								onClick={() => run(room.muteAll('video'))}
							>
								<Icon of={VideoOff} />
								{t('people.camerasOff')}
							</button>
						</div>
					)}
					<People peers={peers} room={room} kind={kind} run={run} />
					{peers.length === 0 && <p class="hint">{t('people.nobody')}</p>}
				</Section>
				{viewers.length > 0 && (
					<Section title={t('people.viewers', { number: viewers.length })}>
						<People peers={viewers} room={room} kind={kind} run={run} />
					</Section>
				)}
			</div>
			<footer class="people-foot">
				<Confirm
					label={t('people.closeRoom')}
					testId="close-room"
					danger
					onConfirm={() => run(room.moderateRoom('closeRoom'))}
				/>
			</footer>
		</aside>
	);
}

function Section({ title, children }: { title: string; children: ComponentChildren }) {
	return (
		<section class="people-section">
			<h3>{title}</h3>
			{children}
		</section>
	);
}

interface PeopleProps {
	peers: RemotePeer[];
	room: Room;
	kind: RoomKind;
	run(work: Promise<void>): void;
}

function People({ peers, room, kind, run }: PeopleProps) {
	return (
		<ul>
			{peers.map((peer) => (
				<Person key={peer.id} peer={peer} room={room} kind={kind} run={run} />
			))}
		</ul>
	);
}

function Person({ peer, room, kind, run }: Omit<PeopleProps, 'peers'> & { peer: RemotePeer }) {
	const { id, displayName: name, speaker, moderator, audio, audioPaused, video } = peer;
	return (
		<li class="person" data-testid="person" data-peer-id={id}>
			<span class="person-name">
				{name || t('people.nameless')}
				{moderator && <span class="person-role">{t('people.moderator')}</span>}
			</span>
			{audio && !audioPaused && (
				<Action
					label={t('people.mute', { name })}
					testId="mute"
					onClick={() => run(room.mutePeer(id, 'audio'))}
				>
					<Icon of={Mic} />
				</Action>
			)}
			{video && (
				<Action
					label={t('people.cameraOff', { name })}
					testId="camera-off"
					onClick={() => run(room.mutePeer(id, 'video'))}
				>
					<Icon of={Video} />
				</Action>
			)}
			{kind === 'webinar' && (
				<Action
					label={t(speaker ? 'people.demote' : 'people.promote', { name })}
					testId={speaker ? 'demote' : 'promote'}
					onClick={() => run(room.moderatePeer(speaker ? 'demotePeer' : 'promotePeer', id))}
				>
					<Icon of={speaker ? MessageSquareOff : Speech} />
				</Action>
			)}
			<Confirm
				label={t('people.remove', { name })}
				testId="remove"
				icon={<Icon of={LogOut} />}
				onConfirm={() => run(room.moderatePeer('removePeer', id))}
			/>
		</li>
	);
}

interface ActionProps {
	label: string;
	testId: string;
	onClick(): void;
	children: ComponentChildren;
}

function Action({ label, testId, onClick, children }: ActionProps) {
	return (
		<button
			type="button"
			class="plain-button"
			data-testid={testId}
			aria-label={label}
			title={label}
			onClick={onClick}
		>
			{children}
		</button>
	);
}

/** What cannot be undone asks once more, for as long as a hand needs to come back. */
const SURE_MS = 4000;

interface ConfirmProps {
	label: string;
	testId: string;
	/** An icon instead of the words. */
	icon?: ComponentChildren;
	danger?: boolean;
	onConfirm(): void;
}

function Confirm({ label, testId, icon, danger, onConfirm }: ConfirmProps) {
	const [sure, setSure] = useState(false);
	useEffect(() => {
		if (!sure) return;
		const timer = setTimeout(() => setSure(false), SURE_MS);
		return () => clearTimeout(timer);
	}, [sure]);
	const looks = sure || danger ? 'button small danger' : icon ? 'plain-button' : 'button small';
	return (
		<button
			type="button"
			class={looks}
			data-testid={testId}
			data-sure={sure}
			aria-label={sure ? `${label}: ${t('people.sure')}` : label}
			title={label}
			onClick={() => {
				if (sure) onConfirm();
				setSure(!sure);
			}}
		>
			{sure ? t('people.sure') : (icon ?? label)}
		</button>
	);
}
