import { Hand, MicOff, Pause, Pin, PinOff } from 'lucide';
import type { ComponentChildren } from 'preact';
import { t } from '../i18n';
import type { Quality } from '../signaling/messages';
import { IconButton } from '../ui/button';
import { Icon } from '../ui/icon';
import { Audio } from './audio';
import { colourOf, initials } from './initials';
import { Video } from './video';

interface TileProps {
	peerId: string;
	name: string;
	local?: boolean;
	video: MediaStreamTrack | null;
	/** No video arrives for now: the link cannot carry it, or the server is overloaded. */
	starved?: boolean;
	overloaded?: boolean;
	/** The sound to play; never the participant's own. */
	audio?: MediaStreamTrack | null;
	micOn: boolean;
	speaking: boolean;
	/** Whether this is the leading speaker. */
	leads: boolean;
	hand: boolean;
	/** 3 is good, and shows no mark. */
	quality: Quality;
	/** Names and marks. */
	indicators: boolean;
	pinned: boolean;
	onPin(): void;
	/** More buttons next to the pin. */
	children?: ComponentChildren;
}

/** One participant: video or initials, audio, name and state. */
export function Tile(props: TileProps) {
	const { peerId, name, local = false, video, starved = false, audio } = props;
	const { micOn, leads, hand, quality, indicators, pinned } = props;
	const speaking = speaks(props);
	return (
		<article
			class="tile"
			data-testid="tile"
			data-peer-id={peerId}
			data-local={String(local)}
			data-leads={String(leads)}
			data-pinned={String(pinned)}
			data-starved={String(starved)}
			aria-label={describe(props)}
			tabIndex={-1}
		>
			{/* Drawn even behind video, whose first frame covers them. */}
			<div class={`initials colour-${colourOf(peerId)}`} aria-hidden="true">
				{initials(name)}
			</div>
			<Video track={video} peerId={peerId} mirrored={local} label={name} />
			{starved && <StarvedNote text={whyStarved(props)} />}
			{!local && <Audio track={audio ?? null} peerId={peerId} />}
			{indicators && hand && (
				<span class="hand-mark" data-testid="hand-mark" role="img" aria-label={t('room.hand')} title={t('room.hand')}>
					<Icon of={Hand} />
				</span>
			)}
			{indicators && (
				<footer class="caption">
					{!micOn && (
						<span
							class="mark mic-off"
							data-testid="mic-off"
							role="img"
							aria-label={t('room.micOff')}
							title={t('room.micOff')}
						>
							<Icon of={MicOff} />
						</span>
					)}
					<span class="tile-name" data-testid="tile-name">
						{name}
					</span>
					{local && <span class="tile-you">({t('room.you')})</span>}
					{speaking && <SpeakingMark />}
					{quality < 3 && <QualityMark quality={quality} />}
				</footer>
			)}
			<TileButtons name={name} pinned={pinned} onPin={props.onPin}>
				{props.children}
			</TileButtons>
		</article>
	);
}

/** When a microphone was just turned off, its last words still show. */
const speaks = ({ speaking, micOn }: TileProps) => speaking && micOn;

const whyStarved = ({ overloaded }: TileProps) => t(overloaded ? 'room.overloaded' : 'room.starved');

function describe(props: TileProps): string {
	const { name, local, starved, micOn, hand } = props;
	const states = [
		local && t('room.you'),
		starved && whyStarved(props),
		!micOn && t('room.micOff'),
		speaks(props) && t('room.speaking'),
		hand && t('room.hand'),
	];
	return [name, ...states.filter(Boolean)].join(', ');
}

/** The mark of a speaker. It is not animated: in a large meeting, only people should move. */
function SpeakingMark() {
	return (
		<span class="mark voice" data-testid="speaking" role="img" aria-label={t('room.speaking')} title={t('room.speaking')}>
			<i />
			<i />
			<i />
		</span>
	);
}

/** Three bars; missing ones are faint. */
function QualityMark({ quality }: { quality: Quality }) {
	const label = t(quality === 1 ? 'room.qualityBad' : 'room.qualityFair');
	return (
		<span class="mark quality" data-testid="quality" data-quality={quality} role="img" aria-label={label} title={label}>
			<i />
			<i />
			<i />
		</span>
	);
}

/** Takes the place of the video, so it is not a mark on top of it; in a small tile it is an icon. */
function StarvedNote({ text }: { text: string }) {
	return (
		<p class="starved" data-testid="starved" title={text}>
			<Icon of={Pause} />
			{/* In a wide tile, the line feed becomes a space. */}
			<span>{text.replace(': ', ':\n')}</span>
		</p>
	);
}

interface ShareTileProps {
	peerId: string;
	name: string;
	video: MediaStreamTrack | null;
	/** As in TileProps. */
	starved: boolean;
	audio: MediaStreamTrack | null;
	indicators: boolean;
	pinned: boolean;
	onPin(): void;
}

/** A participant's screen, uncropped, with its audio. */
export function ShareTile({ peerId, name, video, starved, audio, indicators, pinned, onPin }: ShareTileProps) {
	const label = t('room.shareOf', { name });
	const paused = t('room.shareStarved');
	return (
		<article
			class="tile tile-share"
			data-testid="share-tile"
			data-share-of={peerId}
			data-pinned={String(pinned)}
			data-starved={String(starved)}
			aria-label={starved ? `${label}, ${paused}` : label}
			tabIndex={-1}
		>
			<Video track={video} label={label} />
			{starved && <StarvedNote text={paused} />}
			<Audio track={audio} />
			{indicators && (
				<footer class="caption">
					<span class="tile-name">{label}</span>
				</footer>
			)}
			<TileButtons name={label} pinned={pinned} onPin={onPin} />
		</article>
	);
}

interface ButtonsProps {
	name: string;
	pinned: boolean;
	onPin(): void;
	children?: ComponentChildren;
}

/** Visible while the pointer or the focus is on the tile; on a touch screen, after a tap. A pinned tile always shows its pin. */
function TileButtons({ name, pinned, onPin, children }: ButtonsProps) {
	return (
		<div class={pinned ? 'tile-buttons pinned' : 'tile-buttons'}>
			<IconButton
				icon={pinned ? PinOff : Pin}
				label={t(pinned ? 'room.unpin' : 'room.pin', { name })}
				data-testid="pin-button"
				onClick={onPin}
			/>
			{children}
		</div>
	);
}
