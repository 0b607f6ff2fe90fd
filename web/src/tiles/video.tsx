import { useEffect, useRef } from 'preact/hooks';
import { playVideo } from '../media/playback';
import './video.css';

interface VideoProps {
	/** Null: the element stays, without video. */
	track: MediaStreamTrack | null;
	peerId?: string;
	mirrored?: boolean;
	label?: string;
}

export function Video({ track, peerId, mirrored, label }: VideoProps) {
	const element = useRef<HTMLVideoElement>(null);
	useEffect(() => {
		if (track) return playVideo(element.current!, track);
	}, [track]);
	return (
		<video
			ref={element}
			class={mirrored ? 'video mirrored' : 'video'}
			data-peer-id={peerId}
			aria-label={label}
			hidden={!track}
			autoplay
			playsInline
			muted
		/>
	);
}
