import { t } from '../i18n';
import type { LocalMedia } from '../media/local';
import { Video } from '../tiles/video';
import { DeviceButtons } from '../ui/devicebuttons';
import { useStore } from '../ui/store';
import { LevelMeter } from './level';

/** What the others will see and hear, before they do. */
export function Preview({ local }: { local: LocalMedia }) {
	const { mic, camera } = useStore(local.devices);
	return (
		<section class="preview">
			<div class="preview-picture">
				{camera.track ? (
					<Video track={camera.track} mirrored label={t('welcome.preview')} />
				) : (
					<p>{t(camera.pending ? 'welcome.cameraStarting' : 'welcome.cameraOff')}</p>
				)}
			</div>
			<div class="preview-controls">
				<DeviceButtons local={local} />
				<LevelMeter track={mic.on ? mic.track : null} />
			</div>
		</section>
	);
}
