import { Volume2 } from 'lucide';
import { useEffect } from 'preact/hooks';
import type { RoomKind } from '../address/attributes';
import { DeviceProblems } from '../devices/buttons';
import { t } from '../i18n';
import type { LocalMedia } from '../media/local';
import { listen, playback } from '../media/playback';
import type { ScreenShare } from '../media/screen';
import { Player } from '../player/player';
import { RecordingBadge } from '../recording/badge';
import { ConsentDialog } from '../recording/consent';
import { isOn } from '../session/recording';
import { type Banner, bannerOf } from '../session/trouble';
import { view } from '../session/view';
import type { Visit } from '../session/visit';
import { orderTiles, ownTile, stageTile, type TileName } from '../tiles/order';
import { Stage } from '../tiles/stage';
import { ShareTile, Tile } from '../tiles/tile';
import { Announcements } from '../ui/announce';
import { Button } from '../ui/button';
import { Toasts } from '../ui/toast';
import { useStore } from '../ui/usestore';
import { ChatPanel } from './chatpanel';
import { Controls } from './controls';
import { PeoplePanel } from './people';
import { PersonMenu } from './person';
import { SharingBanner } from './sharing';
import { ShortcutsDialog, shortcuts, useShortcuts } from './shortcuts';

interface RoomScreenProps {
	visit: Visit;
	kind: RoomKind;
	devices: LocalMedia;
	screen: ScreenShare;
	/** An external player for this participant alone, unless the room has one. */
	video: string | null;
}

/** The room: the stage, a panel next to it, the bar of controls below. */
export function RoomScreen(props: RoomScreenProps) {
	const { visit, kind, devices, screen } = props;
	const state = useStore(visit.state);
	const { rights, info, recording } = state;
	const player = info.video ?? props.video;
	const banner = bannerOf(state);
	const { panel, controls } = useStore(view);
	const { video: ownShare } = useStore(screen.state);
	const local = rights.speaker ? devices : null;
	const { help } = useStore(shortcuts);
	useShortcuts(visit, local, screen);

	return (
		<div class="room" data-controls={String(controls)} data-recorded={String(isOn(recording))}>
			{banner && <StatusBanner banner={banner} />}
			<header class="room-top">
				<RecordingBadge recording={recording} />
				{ownShare && <SharingBanner screen={screen} />}
			</header>
			<div class="room-body">
				<div class="theatre">
					{player && <Player url={player} />}
					<RoomStage {...props} local={local} />
				</div>
				{panel === 'chat' && rights.chat && (
					<ChatPanel
						chat={visit.chat}
						recorded={recording?.state === 'recording'}
						onClose={() => view.update({ panel: null })}
					/>
				)}
				{panel === 'people' && <PeoplePanel visit={visit} kind={kind} />}
			</div>
			<div class="notices">
				<ListenButton />
				{local && <DeviceProblems local={local} />}
				<Toasts />
			</div>
			{controls && <Controls visit={visit} kind={kind} local={local} screen={screen} />}
			{help && <ShortcutsDialog />}
			<ConsentDialog visit={visit} />
			<Announcements />
		</div>
	);
}

/** Shown if the browser plays no sound before a gesture, even with all controls hidden. */
function ListenButton() {
	const { blocked, frozen } = useStore(playback);
	if (!blocked) return null;
	return (
		<Button look="primary" icon={Volume2} data-testid="listen-button" onClick={listen}>
			{t(frozen ? 'controls.watch' : 'controls.listen')}
		</Button>
	);
}

function RoomStage({ visit, kind, local }: RoomScreenProps & { local: LocalMedia | null }) {
	const { link, peers, rights, peerId, name, speaking, activeSpeaker, lastSpeaker, hands, quality } = useStore(visit.state);
	const { layout, pinned, indicators, minimizeTiles, sortPeers } = useStore(view);

	const people = peers.map(({ id, video, share }) => ({ id, video: video !== null, share: share !== null }));
	const others = orderTiles(people, sortPeers);
	const own = local ? ownTile(peerId) : null;
	const all = own ? [...others, own] : others;
	const large = stageTile(all, { pinned, layout, speaker: lastSpeaker });

	// A new screen is meant to be seen, even by people who have chosen the grid.
	const screens = people.filter(({ share }) => share).length;
	useEffect(() => {
		if (screens > 0 && view.value.layout === 'grid') view.update({ layout: 'auto' });
	}, [screens]);

	const draw = (tile: TileName) => {
		const { pinned } = view.value;
		const isPinned = pinned?.peerId === tile.peerId && pinned.share === tile.share;
		const common = {
			peerId: tile.peerId,
			indicators,
			pinned: isPinned,
			onPin: () => (isPinned ? visit.unpin() : visit.pin(tile.peerId, tile.share)),
		};
		const marks = {
			speaking: speaking.includes(tile.peerId),
			// A single tile needs no such mark.
			leads: activeSpeaker === tile.peerId && all.length > 1,
			hand: hands.some(({ id }) => id === tile.peerId),
			quality: quality[tile.peerId] ?? 3,
		};
		if (tile.local) return <LocalTile {...common} {...marks} name={name} local={local!} />;
		const peer = peers.find(({ id }) => id === tile.peerId)!;
		if (tile.share)
			return (
				<ShareTile
					{...common}
					name={peer.displayName}
					video={peer.share}
					starved={peer.shareStarved}
					audio={peer.shareAudio}
				/>
			);
		return (
			<Tile
				{...common}
				{...marks}
				name={peer.displayName}
				video={peer.video}
				starved={peer.starved}
				overloaded={peer.overloaded}
				audio={peer.audio}
				micOn={peer.mic !== false}
			>
				{rights.moderator && <PersonMenu peer={peer} visit={visit} kind={kind} />}
			</Tile>
		);
	};

	return (
		<main class="stage">
			<h1 class="unseen">{t(`room.${kind}`)}</h1>
			{!own && others.length === 0 && link === 'connected' && (
				<div class="empty">
					<h2>{t('room.noSpeakers')}</h2>
					<p>{t('room.noSpeakersText')}</p>
				</div>
			)}
			<Stage others={others} own={own} large={large} minimize={minimizeTiles} sight={visit.sight}>
				{draw}
			</Stage>
		</main>
	);
}

type LocalTileProps = Omit<Parameters<typeof Tile>[0], 'local' | 'video' | 'micOn'> & { local: LocalMedia };

function LocalTile({ local, ...rest }: LocalTileProps) {
	const { mic, camera } = useStore(local.devices);
	return <Tile {...rest} local video={camera.track} micOn={mic.on && mic.track !== null} />;
}

function StatusBanner({ banner }: { banner: Exclude<Banner, null> }) {
	return (
		<div class="banner" role="status" data-testid="status-banner" data-state={banner}>
			<span class="spinner" aria-hidden="true" />
			{t(`status.${banner}`)}
		</div>
	);
}
