import { MicOff } from 'lucide';
import type { ComponentChildren } from 'preact';
import { t } from '../i18n';
import { Icon } from '../ui/icon';
import { Audio } from './audio';
import { colourOf, initials } from './initials';
import { Video } from './video';

interface TileProps {
	peerId: string;
	name: string;
	local?: boolean;
	video: MediaStreamTrack | null;
	/** The sound to play; never one's own. */
	audio?: MediaStreamTrack | null;
	micOn: boolean;
}

/** One participant: picture or initials, sound, name, and whether the microphone is off. */
export function Tile({ peerId, name, local = false, video, audio, micOn }: TileProps) {
	return (
		<article class="tile" data-testid="tile" data-peer-id={peerId} data-local={String(local)}>
			{/* Also behind a video, which covers them with its first frame. */}
			<div class={`initials colour-${colourOf(peerId)}`} aria-hidden="true">
				{initials(name)}
			</div>
			<Video track={video} peerId={peerId} mirrored={local} label={name} />
			{!local && <Audio track={audio ?? null} peerId={peerId} />}
			<Caption micOn={micOn}>
				<span class="tile-name" data-testid="tile-name">
					{name}
				</span>
				{local && <span class="tile-you">({t('room.you')})</span>}
			</Caption>
		</article>
	);
}

interface ShareTileProps {
	peerId: string;
	name: string;
	video: MediaStreamTrack | null;
	audio?: MediaStreamTrack | null;
}

/** A participant's screen, whole, with its sound. */
export function ShareTile({ peerId, name, video, audio }: ShareTileProps) {
	return (
		<article class="tile tile-share" data-testid="share-tile" data-share-of={peerId}>
			<Video track={video} label={t('room.shareOf', { name })} />
			<Audio track={audio ?? null} />
			<footer class="caption">{t('room.shareOf', { name })}</footer>
		</article>
	);
}

function Caption({ micOn, children }: { micOn: boolean; children: ComponentChildren }) {
	return (
		<footer class="caption">
			{!micOn && (
				<span class="mic-mark" data-testid="mic-off" role="img" aria-label={t('room.micOff')} title={t('room.micOff')}>
					<Icon of={MicOff} />
				</span>
			)}
			{children}
		</footer>
	);
}
