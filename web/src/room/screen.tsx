import { LogOut, Users, Volume2, X } from 'lucide';
import { useEffect, useState } from 'preact/hooks';
import { t } from '../i18n';
import type { LocalMedia } from '../media/local';
import { listen, playback } from '../media/playback';
import type { ScreenShare } from '../media/screen';
import type { RoomKind } from '../page/attributes';
import { TileGrid } from '../tiles/grid';
import { ShareTile, Tile } from '../tiles/tile';
import { DeviceButtons, DeviceProblems } from '../ui/devicebuttons';
import { Icon } from '../ui/icon';
import { useStore } from '../ui/store';
import { PeoplePanel } from './people';
import type { Link, Notice, Room } from './room';

interface RoomScreenProps {
	room: Room;
	kind: RoomKind;
	devices: LocalMedia;
	screen: ScreenShare;
}

export function RoomScreen({ room, kind, devices, screen }: RoomScreenProps) {
	const { link, peers, rights, peerId, name, notice, waitingPeers } = useStore(room.state);
	const { blocked } = useStore(playback);
	const [panel, setPanel] = useState(false);
	const local = rights.speaker ? devices : null;
	const { video: ownShare } = useStore(screen.state);
	const sharing = peers.filter(({ share }) => share);
	const count = peers.length + (local ? 1 : 0);

	return (
		<div class="room">
			{link !== 'connected' && <StatusBanner link={link} />}
			<div class="room-body">
				<main class="stage">
					{count === 0 && link === 'connected' && (
						<div class="empty">
							<h1>{t('room.noSpeakers')}</h1>
							<p>{t('room.noSpeakersText')}</p>
						</div>
					)}
					<TileGrid count={count + sharing.length + (ownShare ? 1 : 0)}>
						{ownShare && <ShareTile peerId={peerId} name={name} video={ownShare} />}
						{sharing.map(({ id, displayName, share, shareAudio }) => (
							<ShareTile key={`${id} share`} peerId={id} name={displayName} video={share} audio={shareAudio} />
						))}
						{local && <LocalTile local={local} peerId={peerId} name={name} />}
						{peers.map(({ id, displayName, video, audio, audioPaused }) => (
							<Tile
								key={id}
								peerId={id}
								name={displayName}
								video={video}
								audio={audio}
								micOn={audio !== null && !audioPaused}
							/>
						))}
					</TileGrid>
				</main>
				{rights.moderator && panel && <PeoplePanel room={room} kind={kind} onClose={() => setPanel(false)} />}
			</div>
			<div class="notices">
				{local && <DeviceProblems local={local} />}
				{notice && <NoticeBar notice={notice} onDismiss={() => room.dismissNotice()} />}
			</div>
			<nav class="controls" aria-label={t('controls.label')}>
				<p class="controls-info">{t(kind === 'call' ? 'room.participants' : 'room.speakers', { number: count })}</p>
				<div class="controls-buttons">
					{local && <DeviceButtons local={local} />}
					{rights.moderator && (
						<PeopleButton open={panel} waiting={waitingPeers.length} onClick={() => setPanel(!panel)} />
					)}
					{blocked && (
						<button type="button" class="button primary" data-testid="listen-button" onClick={listen}>
							<Icon of={Volume2} />
							{t('controls.listen')}
						</button>
					)}
					<button type="button" class="button danger" data-testid="leave-button" onClick={() => room.leave()}>
						<Icon of={LogOut} />
						{t('controls.leave')}
					</button>
				</div>
			</nav>
		</div>
	);
}

function PeopleButton({ open, waiting, onClick }: { open: boolean; waiting: number; onClick(): void }) {
	const title = waiting > 0 ? t('people.buttonWaiting', { number: waiting }) : t('people.title');
	return (
		<button
			type="button"
			class="round-button people-button"
			data-testid="people-button"
			aria-expanded={open}
			aria-label={title}
			title={title}
			onClick={onClick}
		>
			<Icon of={Users} />
			{waiting > 0 && <span class="badge">{waiting}</span>}
		</button>
	);
}

/** Long enough to read it twice. */
const NOTICE_MS = 10_000;

function NoticeBar({ notice, onDismiss }: { notice: Notice; onDismiss(): void }) {
	useEffect(() => {
		const timer = setTimeout(onDismiss, NOTICE_MS);
		return () => clearTimeout(timer);
	}, [notice]);
	return (
		<div class="notice" role="status" data-testid="notice" data-notice={notice}>
			<div>{t(`notice.${notice}`)}</div>
			<button
				type="button"
				class="plain-button"
				aria-label={t('problem.dismiss')}
				title={t('problem.dismiss')}
				onClick={onDismiss}
			>
				<Icon of={X} />
			</button>
		</div>
	);
}

function LocalTile({ local, peerId, name }: { local: LocalMedia; peerId: string; name: string }) {
	const { mic, camera } = useStore(local.devices);
	return <Tile local peerId={peerId} name={name} video={camera.track} micOn={mic.on && mic.track !== null} />;
}

function StatusBanner({ link }: { link: Exclude<Link, 'connected'> }) {
	return (
		<div class="banner" role="status" data-testid="status-banner" data-state={link}>
			<span class="spinner" aria-hidden="true" />
			{t(`status.${link}`)}
		</div>
	);
}
