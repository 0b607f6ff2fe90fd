import { t } from '../i18n';
import { listen, playback } from '../media/playback';
import type { LocalMedia } from '../media/local';
import type { RoomKind } from '../page/attributes';
import { TileGrid } from '../tiles/grid';
import { Tile } from '../tiles/tile';
import { DeviceButtons, DeviceProblems } from '../ui/devicebuttons';
import { LeaveIcon, SoundIcon } from '../ui/icons';
import { useStore } from '../ui/store';
import type { Link, Room } from './room';

interface RoomScreenProps {
	room: Room;
	kind: RoomKind;
	peerId: string;
	name: string;
	/** Null for viewers. */
	local: LocalMedia | null;
	onLeave(): void;
}

export function RoomScreen({ room, kind, peerId, name, local, onLeave }: RoomScreenProps) {
	const { link, peers } = useStore(room.state);
	const { blocked } = useStore(playback);
	const count = peers.length + (local ? 1 : 0);

	return (
		<div class="room">
			{link !== 'connected' && <StatusBanner link={link} />}
			<main class="stage">
				{count === 0 && link === 'connected' && (
					<div class="empty">
						<h1>{t('room.noSpeakers')}</h1>
						<p>{t('room.noSpeakersText')}</p>
					</div>
				)}
				<TileGrid count={count}>
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
			{local && <DeviceProblems local={local} />}
			<nav class="controls" aria-label={t('controls.label')}>
				<p class="controls-info">{t(kind === 'call' ? 'room.participants' : 'room.speakers', { number: count })}</p>
				<div class="controls-buttons">
					{local && <DeviceButtons local={local} />}
					{blocked && (
						<button type="button" class="button primary" data-testid="listen-button" onClick={listen}>
							<SoundIcon />
							{t('controls.listen')}
						</button>
					)}
					<button type="button" class="button danger" data-testid="leave-button" onClick={onLeave}>
						<LeaveIcon />
						{t('controls.leave')}
					</button>
				</div>
			</nav>
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
